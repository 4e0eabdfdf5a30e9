local prefixes = require("mlxresolve.simulate.prefixes")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.simulate.prefixes", function()
  local bed, watched

  before_each(function()
    bed = sim_bed.new()
    watched = prefixes.watch(bed.world)
  end)

  local function readdress(...)
    local before = { addresses = bed.eth0.addresses, gateway = false }
    bed.world.net:set_addresses(bed.eth0, { ... })
    bed.world:addresses_changed(bed.eth0, before)
  end

  it("knows for how long a network is gone", function()
    assert.is_nil(watched:gone_for("192.0.2.2"))
    readdress("198.51.100.1/24")
    bed:pass(300)
    assert.equal(300, watched:gone_for("192.0.2.2"))
    assert.is_nil(watched:gone_for("198.51.100.2"))
    assert.is_nil(watched:gone_for("203.0.113.1"))
  end)

  it("counts nothing as gone that is back, or part of a larger one that is there", function()
    readdress("198.51.100.1/24")
    readdress("192.0.2.9/24")
    assert.is_nil(watched:gone_for("192.0.2.2"))
    readdress("192.0.0.1/16")
    assert.is_nil(watched:gone_for("192.0.2.2"))
  end)

  it("leaves cables and link-local addresses out of it", function()
    bed.eth0.is_up = false
    bed.world:carrier_changed(bed.eth0)
    readdress()
    assert.is_nil(watched:gone_for("fe80::2"))
    assert.equal(0, watched:gone_for("192.0.2.2"))
  end)
end)
