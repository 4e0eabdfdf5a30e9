local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.neighbours", function()
  local bed, world, events

  before_each(function()
    bed = sim_bed.new()
    world, events = bed.world, {}
    world:watch_network(function(list)
      for _, event in ipairs(list) do
        local text = "%s %s %s"
        events[#events + 1] = text:format(event.type, event.address, tostring(event.reachable))
      end
    end)
  end)

  local function meet(address)
    local socket = world:udp({ bind = "0.0.0.0:0" }, function() end)
    socket:send("", address .. ":9")
    socket:close()
    bed:pass(10)
  end

  it("knows whom it has sent to, reachable for half a minute", function()
    meet("192.0.2.2")
    local neighbour = world:neighbours()[1]
    assert.same(
      { "192.0.2.2", bed.en0.mac, true },
      { neighbour.address, neighbour.mac, neighbour.reachable }
    )
    assert.same({ "neighbour_changed 192.0.2.2 true" }, events)
    bed:pass(31e3)
    assert.is_false(world:neighbours()[1].reachable)
  end)

  it("gives up after three seconds who never answered", function()
    meet("192.0.2.9")
    assert.same({}, world:neighbours())
    bed:pass(3000)
    assert.same({ "neighbour_changed 192.0.2.9 false" }, events)
  end)

  it("believes for a while in who is gone, and then asks for him", function()
    meet("192.0.2.2")
    bed.en0.is_up = false
    meet("192.0.2.2")
    bed:pass(20e3)
    assert.is_true(world:neighbours()[1].reachable)
    bed:pass(20e3)
    meet("192.0.2.2")
    bed:pass(7000)
    assert.equal(1, #world:neighbours())
    bed:pass(1000)
    assert.same({}, world:neighbours())
    assert.equal("neighbour_changed 192.0.2.2 false", events[#events])
  end)

  it("confirms who was silent for long and still there", function()
    meet("192.0.2.2")
    bed:pass(31e3)
    meet("192.0.2.2")
    assert.is_false(world:neighbours()[1].reachable)
    bed:pass(5001)
    assert.is_true(world:neighbours()[1].reachable)
  end)

  it("notices another machine behind a neighbour's address", function()
    meet("192.0.2.2")
    world.net:set_addresses(bed.en0, {})
    bed:put(world.net:add_host("mini3"), "en0", "desk", "192.0.2.2/24")
    meet("192.0.2.2")
    assert.equal("02:00:00:00:03:02", world:neighbours()[1].mac)
  end)

  it("forgets the neighbours of a cable that was pulled", function()
    meet("192.0.2.2")
    bed.eth0.is_up = false
    world:carrier_changed(bed.eth0)
    assert.same({}, world:neighbours())
  end)

  it("has none in a tunnel", function()
    bed.eth0.kind = "tunnel"
    meet("192.0.2.2")
    assert.same({}, world:neighbours())
  end)

  it("says how long the kernel is going to wait for somebody", function()
    local leg = { from = bed.eth0, to = bed.en0, address = "192.0.2.2" }
    assert.equal(3000, world:patience_with(leg))
    meet("192.0.2.2")
    bed:pass(10e3)
    local ms = world:patience_with(leg)
    assert.is_true(ms > 27e3 and ms < 28e3, ms)
  end)
end)
