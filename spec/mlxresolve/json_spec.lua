local json = require("mlxresolve.json")

describe("mlxresolve.json", function()
  it("writes the fields that people look for first", function()
    local text = json.encode { stale = false, ms = 1.5, zebra = 1, status = "answer", name = "a." }
    assert.are.equal('{"name":"a.","status":"answer","ms":1.5,"stale":false,"zebra":1}', text)
  end)

  it("writes what pins and simulate have none of as lists", function()
    assert.equal('{"proofs":[],"remembered":[]}', json.encode { remembered = {}, proofs = {} })
    assert.equal('{"problems":[],"timeline":[]}', json.encode { problems = {}, timeline = {} })
  end)

  it("writes empty lists as lists and other empty tables as objects", function()
    assert.are.equal('{"addresses":[],"cache":{}}', json.encode { addresses = {}, cache = {} })
  end)

  it("escapes what strings may hold, and leaves slashes alone", function()
    assert.are.equal([["/run/a\\/\"\u0000\n"]], json.encode('/run/a\\/"\0\n'))
    assert.are.equal('/run/a\\/"\0\n', json.decode(json.encode('/run/a\\/"\0\n')))
  end)

  it("writes UTF-8, whatever a plugin raised or a file holds", function()
    assert.equal('"ü €"', json.encode("ü €"))
    assert.equal([["caf\\233\n"]], json.encode("caf\233\n"))
    assert.equal([[{"\\233":1}]], json.encode { ["\233"] = 1 })
  end)

  it("writes null where there is no control socket, no next page, no seed that failed", function()
    assert.equal('{"control":null,"next":null}', json.encode { next = false, control = false })
    assert.equal('{"replay":null,"seed":null}', json.encode { seed = false, replay = false })
    assert.equal(
      '{"type":null,"persistence":null,"why":null}',
      json.encode { persistence = false, why = false, type = false }
    )
  end)

  it("writes null for numbers that JSON does not know", function()
    assert.are.equal("[null,null,1]", json.encode { 0 / 0, math.huge, 1 })
  end)

  it("reads null as false, and writes it again where false means none", function()
    local value = json.decode('{"cached":false,"interface":null}')
    assert.are.same({ interface = false, cached = false }, value)
    assert.are.equal('{"interface":null,"cached":false}', json.encode(value))
  end)

  it("says that a text is no JSON", function()
    local value, message, code = json.decode("{")
    assert.is_nil(value)
    assert.is_truthy(message:find("no JSON", 1, true))
    assert.are.equal("EFORMAT", code)
  end)

  it("raises for what JSON cannot hold", function()
    local loop = {}
    loop.loop = loop
    for _, value in ipairs { print, { print }, loop, { [true] = 1 } } do
      assert.has_error(function()
        json.encode(value)
      end)
    end
  end)
end)
