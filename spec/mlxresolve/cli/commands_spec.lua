local arguments = require("mlxresolve.cli.arguments")
local commands = require("mlxresolve.cli.commands")

describe("mlxresolve.cli.commands", function()
  it("has an order for every command", function()
    local count = 0
    for name, command in pairs(commands) do
      count = count + (type(command) == "function" and 1 or 0)
      assert.is_truthy(name == "order" or type(command) == "function", name)
    end
    assert.equal(count, #commands.order)
    for _, name in ipairs(commands.order) do
      assert.is_function(commands[name], name)
    end
  end)

  it("takes names to watch", function()
    local values = assert(arguments.parse { "watch", "a", "b", "--json", "--policy", "p.lua" })
    assert.same({ "a", "b" }, values.names)
    assert.equal("p.lua", values.policy)
    assert.is_true(values.json)
    assert.is_nil((arguments.parse { "watch" }))
  end)

  it("takes a failure with and without its address", function()
    local values = assert(arguments.parse { "failed", "a", "192.0.2.1" })
    assert.same({ "a", "192.0.2.1" }, { values.name, values.address })
    assert.is_nil(assert(arguments.parse { "failed", "a" }).address)
  end)

  it("says which ports there are", function()
    assert.equal(80, assert(arguments.parse { "publish", "a", "_b._tcp", "80" }).port)
    for _, text in ipairs { "http", "70000", "1.5" } do
      local _, message = arguments.parse { "publish", "a", "_b._tcp", text }
      local wanted = "PORT: expected a number from 0 to 65535, got '" .. text .. "'"
      assert.is_truthy(tostring(message):find(wanted, 1, true), tostring(message))
    end
  end)
end)
