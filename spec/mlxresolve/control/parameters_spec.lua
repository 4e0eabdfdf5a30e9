local parameters = require("mlxresolve.control.parameters")

describe("mlxresolve.control.parameters", function()
  it("reads a query string as lists by name", function()
    local found = parameters.read("a=1&b=x%20y+z&a=%C3%BC&b", { "a", "b" })
    assert.are.same({ a = { "1", "ü" }, b = { "x y z", "" } }, found)
    assert.are.same({}, (parameters.read("", {})))
    assert.are.same({}, (parameters.read("&&", {})))
  end)

  it("refuses a name that it does not know, even an escaped one", function()
    local found, refusal = parameters.read("%61b=1", { "a" })
    assert.is_nil(found)
    assert.are.equal(400, refusal.status)
    assert.is_truthy(refusal.error:find("'ab'", 1, true))
  end)

  it("takes flags as on unless they say 0 or false", function()
    for text, expected in pairs { ["trace=1"] = true, trace = true, ["trace=0"] = false } do
      assert.are.equal(expected, parameters.question("name=a&" .. text).trace)
    end
    assert.is_false(parameters.question("name=a&trace=false").trace)
    assert.is_false(parameters.question("name=a").trace)
  end)

  it("takes timeouts with and without a unit", function()
    for text, expected in pairs { ["250"] = 250, ["1.5s"] = 1500, ["1m"] = 60000 } do
      assert.are.equal(expected, parameters.question("name=a&timeout=" .. text).timeout)
    end
  end)

  it("calls null by its name in what it refuses", function()
    local _, refusal = parameters.body("null", { name = "string" })
    assert.are.equal("body: expected an object, got null or false", refusal.error)
    refusal = select(2, parameters.body('{"name":null}', { name = "string" }))
    assert.are.equal("body: name: expected a string, got null or false", refusal.error)
    refusal = select(2, parameters.body('{"name":5}', { name = "string" }))
    assert.are.equal("body: name: expected a string, got a number", refusal.error)
  end)

  it("makes the names of a filter canonical, and leaves absent ones out", function()
    assert.are.same(
      { name = "a.", strategy = "B" },
      parameters.filter { name = "A", strategy = "B" }
    )
    local none, refusal = parameters.filter { suffix = ("x"):rep(64) }
    assert.is_nil(none)
    assert.are.equal("ETEXT", refusal.code)
  end)

  it("takes no empty name for the root", function()
    local none, refusal = parameters.names("name=mini2.local&name=")
    assert.is_nil(none)
    assert.are.equal("ETEXT", refusal.code)
    assert.are.equal("'' is no host name, such as mini2.local", refusal.error)
    assert.are.same({ "." }, parameters.names("name=."))
    local asked, meant = { parameters.question("name=") }, { parameters.filter { name = "" } }
    for _, refused in ipairs { asked, meant } do
      assert.is_nil(refused[1])
      assert.are.equal("'' is no host name, such as mini2.local", refused[2].error)
    end
    assert.are.equal(".", parameters.question("name=.").name)
  end)

  it("reads ages in seconds or with a unit", function()
    for text, expected in pairs { ["90"] = 90, ["10m"] = 600, ["1d"] = 86400 } do
      assert.are.equal(expected, parameters.filter({ older_than = text }).older_than)
    end
  end)
end)
