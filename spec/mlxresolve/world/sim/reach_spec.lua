local reach = require("mlxresolve.world.sim.reach")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.reach", function()
  local bed, net

  before_each(function()
    bed = sim_bed.new()
    net = bed.world.net
  end)

  it("keeps the clients of an isolating access point apart, not from its router", function()
    bed.eth0.link.isolated = true
    assert.is_false(reach.can_pass(bed.eth0, bed.en0))
    bed.en0.infrastructure = true
    assert.is_true(reach.can_pass(bed.eth0, bed.en0))
    assert.is_true(reach.can_pass(bed.en0, bed.eth0))
  end)

  it("keeps the parts of a partition apart", function()
    bed.eth0.link.groups = { mini1 = 1, mini2 = 2 }
    assert.is_false(reach.can_pass(bed.eth0, bed.en0))
    bed.eth0.link.groups = { mini1 = 1, mini2 = 1 }
    assert.is_true(reach.can_pass(bed.eth0, bed.en0))
  end)

  it("finds who has an address, one who can be reached first", function()
    local other = bed:put(net:add_host("mini3"), "en0", "desk", "192.0.2.2/24")
    bed.en0.is_up = false
    assert.equal(other, reach.holder(bed.eth0.link, "192.0.2.2"))
    other.is_up = false
    assert.is_truthy(reach.holder(bed.eth0.link, "192.0.2.2"))
    assert.is_nil(reach.holder(bed.eth0.link, "192.0.2.9"))
  end)

  it("joins links by bridges to one domain, along the shortest way", function()
    local links = net.links
    net:add_link("rack", {})
    local far = bed:put(net:add_host("mini3"), "eth0", "rack", "192.0.2.3/24")
    assert.equal(links.desk.members, reach.members(links.desk))
    net:add_bridge("first", "desk", "air")
    net:add_bridge("second", "air", "rack")
    assert.equal(3, #reach.members(links.rack))
    assert.same({ links.desk, links.air, links.rack }, reach.way(links.desk, links.rack))
    assert.equal(far, reach.holder(links.desk, "192.0.2.3"))
    net:set_bridge("first", false)
    assert.is_nil(reach.way(links.desk, links.rack))
    assert.equal(1, #reach.members(links.rack))
    net:set_bridge("first", true)
    assert.is_true(reach.can_pass(bed.eth0, far))
    bed.eth0.link.isolated = true -- keeps apart whom the access point connects, nobody else
    assert.is_true(reach.can_pass(bed.eth0, far))
  end)
end)
