local events = require("mlxresolve.control.events")
local json = require("mlxresolve.json")

describe("mlxresolve.control.events", function()
  it("tell of a name with its time to the millisecond; what is not there is null", function()
    local event = { kind = "gone", name = "a.", family = "ipv4", address = "192.0.2.1" }
    event.reason = "goodbye"
    assert.equal(
      '{"event":"gone","name":"a.","address":"192.0.2.1","family":"ipv4","was":null,'
        .. '"interface":null,"strategy":null,"reason":"goodbye","time":1750000000.123}',
      json.encode(events.of_name(event, 1750000000.1234))
    )
  end)

  it("tell of a service in UTF-8, whatever its strings are", function()
    local value = events.of_service({
      kind = "added",
      instance = "Büro \255",
      name = "n.",
      type = "_mlx._tcp",
      domain = "local.",
      addresses = {},
      interface = "eth0",
      txt = { flag = true, bin = "\128" },
      texts = { "flag", "bin=\128" },
    }, 1)
    assert.equal("B\\195\\188ro \\255", value.instance)
    assert.same({ flag = true, bin = "\\128" }, value.txt)
    assert.same({ "flag", "bin=\\128" }, value.texts)
    assert.is_false(value.host)
    assert.is_truthy(json.encode(value):find('"addresses":[]', 1, true))
  end)
end)
