local bed = require("support.bed")

describe("mlxresolve.directory", function()
  it("turns numbers of interfaces and strategies into names, and back", function()
    local b = bed.open { bed.strategy("known", function() end) }
    b.world.links = { { index = 2, name = "eth0", addresses = {} } }
    local r = b.resolver
    assert.equal("eth0", r:interface_name(2))
    assert.is_false(r:interface_name(0))
    assert.is_false(r:interface_name(9))
    assert.equal(2, r:interface_index("eth0"))
    assert.is_nil(r:interface_index("eth9"))
    local hash = r:strategy_hash("known")
    assert.equal("known", r:strategy_name(hash))
    assert.is_false(r:strategy_name(hash + 1))
  end)

  it("gives no servers where there is no configuration", function()
    local b = bed.open { bed.strategy("known", function() end) }
    assert.same({}, b.resolver:system_servers())
  end)
end)
