local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.machine", function()
  local bed, world, events

  before_each(function()
    bed = sim_bed.new()
    world, events = bed.world, {}
    world:watch_network(function(list)
      for _, event in ipairs(list) do
        events[#events + 1] = ("%s %s %s"):format(
          event.type,
          event.interface,
          tostring(event.address or event.gateway or event.up)
        )
      end
    end)
  end)

  local function meet(address)
    local socket = world:udp({ bind = "0.0.0.0:0" }, function() end)
    socket:send("", address .. ":9")
    socket:close()
    bed:pass(10)
  end

  it("describes its interfaces as the kernel does", function()
    local lo, eth0 = unpack(world:interfaces())
    assert.equal("loopback", lo.kind)
    assert.same({ "eth0", 2, true }, { eth0.name, eth0.index, eth0.up })
    assert.equal("192.0.2.1", eth0.addresses[1].address)
    assert.equal("fe80::1:2%eth0", eth0.addresses[2].address)
    assert.equal(world:interfaces(), world:interfaces())
  end)

  it("tells of cables", function()
    bed.eth0.is_up = false
    world:carrier_changed(bed.eth0)
    assert.same({ "link_changed eth0 false" }, events)
    assert.is_false(world:interfaces()[2].up)
  end)

  it("tells of addresses and gateways that come and go", function()
    local before = { addresses = bed.eth0.addresses, gateway = false }
    world.net:set_addresses(bed.eth0, { "192.0.2.11/24" })
    bed.eth0.gateway = "192.0.2.254"
    world:addresses_changed(bed.eth0, before)
    assert.same({
      "address_removed eth0 192.0.2.1",
      "address_added eth0 192.0.2.11",
      "route_added eth0 192.0.2.254",
    }, events)
  end)

  it("says nothing when nothing is different", function()
    world:addresses_changed(bed.eth0, { addresses = bed.eth0.addresses, gateway = false })
    assert.same({}, events)
  end)

  it("tells nobody who has stopped watching", function()
    local watcher = world:watch_network(function()
      error("told")
    end)
    watcher.close()
    world:carrier_changed(bed.eth0)
    assert.equal(1, #world.watchers)
  end)

  it("knows a neighbour that it has sent to, reachable for half a minute", function()
    meet("192.0.2.2")
    local neighbour = world:neighbours()[1]
    assert.same(
      { "192.0.2.2", bed.en0.mac, true },
      { neighbour.address, neighbour.mac, neighbour.reachable }
    )
    assert.same({ "neighbour_changed eth0 192.0.2.2" }, events)
    bed:pass(31e3)
    assert.is_false(world:neighbours()[1].reachable)
  end)

  it("knows nobody who does not answer, and gives up who is gone", function()
    meet("192.0.2.9")
    assert.equal(0, #world:neighbours())
    meet("192.0.2.2")
    bed.en0.is_up = false
    meet("192.0.2.2")
    assert.equal(1, #world:neighbours())
    bed:pass(3000)
    assert.equal(0, #world:neighbours())
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
    assert.equal(0, #world:neighbours())
  end)

  it("sleeps: its clock stands still, and what it missed is told when it wakes", function()
    local fired
    bed.scheduler:after(1000, function()
      fired = world.clock.time
    end)
    local start, date = world.clock.time, world:date()
    world:fall_asleep()
    bed:pass(3600e3)
    bed.eth0.is_up = false
    world:carrier_changed(bed.eth0)
    assert.same({}, events)
    assert.equal(start, world:now())
    world:wake_up()
    assert.same({ "link_changed eth0 false" }, events)
    assert.equal(date + 3600, world:date())
    bed:pass(2000)
    assert.equal(start + 3601e3, fired)
  end)
end)
