local network = require("mlxresolve.world.sim.network")
local reach = require("mlxresolve.world.sim.reach")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.network", function()
  local bed, net

  before_each(function()
    bed = sim_bed.new()
    net = bed.world.net
  end)

  local function arrivals(count)
    local heard = 0
    for _ = 1, count do
      net:carry(bed.eth0, bed.en0, function()
        heard = heard + 1
      end)
    end
    bed:pass(1000)
    return heard
  end

  it("carries packets within the delay of the link", function()
    local link, start, at = bed.eth0.link, bed.world.clock.time, nil
    link.delay, link.jitter = 5, 2
    net:carry(bed.eth0, bed.en0, function()
      at = bed.world.clock.time - start
    end)
    bed:pass(100)
    assert.is_true(at >= 5 and at <= 7, at)
  end)

  it("loses and repeats as many packets as the link says", function()
    bed.eth0.link.loss = 0.25
    local heard = arrivals(1000)
    assert.is_true(heard > 700 and heard < 800, heard)
    bed.eth0.link.loss, bed.eth0.link.duplicate = 0, 0.5
    heard = arrivals(1000)
    assert.is_true(heard > 1420 and heard < 1580, heard)
  end)

  it("loses multicast where the link says so, and nothing else", function()
    bed.eth0.link.multicast_loss = 1
    assert.is_nil(net:luck(bed.eth0, bed.en0, true))
    assert.is_truthy(net:luck(bed.eth0, bed.en0))
    assert.equal(10, arrivals(10))
  end)

  it("lets packets overtake each other where the link reorders", function()
    bed.eth0.link.reorder = 0.5
    local order = {}
    for i = 1, 50 do
      bed.world.clock:after(i, function()
        net:carry(bed.eth0, bed.en0, function()
          order[#order + 1] = i
        end)
      end)
    end
    bed:pass(1000)
    local overtaken = 0
    for i = 2, #order do
      overtaken = overtaken + (order[i] < order[i - 1] and 1 or 0)
    end
    assert.equal(50, #order)
    assert.is_true(overtaken > 5, overtaken)
  end)

  it("carries nothing over a pulled cable, to a sleeper, or into another link", function()
    assert.is_true(reach.can_pass(bed.eth0, bed.en0))
    bed.en0.is_up = false
    assert.equal(0, arrivals(1))
    bed.en0.is_up = true
    bed.mini2.is_asleep = true
    assert.equal(0, arrivals(1))
    bed.mini2.is_asleep = false
    net:connect(bed.en0, "air")
    assert.equal(0, arrivals(1))
    net:connect(bed.en0, "desk")
    assert.equal(1, arrivals(1))
  end)

  it("delivers what has left, though its sender is switched off", function()
    local heard = false
    net:carry(bed.eth0, bed.en0, function()
      heard = true
    end)
    bed.mini1.is_on = false
    bed:pass(100)
    assert.is_true(heard)
  end)

  it("loses what is under way when the cable is pulled", function()
    local heard = false
    net:carry(bed.eth0, bed.en0, function()
      heard = true
    end)
    bed.en0.is_up = false
    bed:pass(100)
    assert.is_false(heard)
  end)

  it("reads addresses with their prefix, and no others", function()
    assert.equal("192.0.2.0/24", network.address("192.0.2.1/24").network)
    assert.is_true(network.address("fe80::1/64").is_link_local)
    for _, text in ipairs { "192.0.2.1", "192.0.2.1/33", "mini2/24", "192.0.2.1:53/24" } do
      assert.is_nil(network.address(text), text)
    end
  end)

  it("tells of addresses that change, and leaves the link-local one", function()
    local told = 0
    function net.on_truth()
      told = told + 1
    end
    net:set_addresses(bed.en0, { "192.0.2.22/24" })
    assert.equal(1, told)
    assert.equal("192.0.2.22", bed.en0.addresses[1].address)
    assert.is_true(bed.en0.addresses[2].is_link_local)
  end)

  it("carries packets over bridges, later and as luck on both links has it", function()
    net:add_link("rack", { delay = 5, jitter = 0 })
    local far = bed:put(net:add_host("mini3"), "eth0", "rack", "192.0.2.3/24")
    bed.eth0.link.delay, bed.eth0.link.jitter = 2, 0
    assert.is_nil(reach.way(bed.eth0.link, far.link))
    net:add_bridge("uplink", "desk", "rack")
    assert.equal(7, net:luck(bed.eth0, far))
    far.link.loss = 1
    assert.is_nil(net:luck(bed.eth0, far))
    net:set_bridge("uplink", false)
    assert.is_false(reach.can_pass(bed.eth0, far))
  end)
end)
