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

  it("does not ask itself when it listens on every address", function()
    local b = bed.open { bed.strategy("known", function() end) }
    b.world.files["/etc/resolv.conf"] = table.concat({
      "nameserver 127.0.0.1",
      "nameserver 127.0.0.53",
      "nameserver 192.0.2.7",
      "nameserver 192.0.2.53",
      "nameserver ::1",
    }, "\n")
    b.world.links = {
      { index = 2, name = "eth0", addresses = { { address = "192.0.2.7", prefix = 24 } } },
    }
    b.resolver.own_listeners["0.0.0.0:53"] = true
    assert.same({ "192.0.2.53:53", "[::1]:53" }, b.resolver:system_servers())
  end)

  it("gives no servers where there is no configuration", function()
    local b = bed.open { bed.strategy("known", function() end) }
    assert.same({}, b.resolver:system_servers())
  end)
end)
