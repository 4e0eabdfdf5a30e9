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
          tostring(event.address or event.gateway or event.slept or event.by or event.up)
        )
      end
    end)
  end)

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

  it("says of a tunnel what the kernel says, and tells when it comes and goes", function()
    local tunnel = world.net:add_interface(bed.mini1, "tun0", {
      link = "air",
      kind = "tunnel",
      addresses = { "10.8.0.2/24" },
      gateway = "10.8.0.1",
      is_up = false,
      is_there = false,
    })
    assert.equal(2, #world:interfaces())
    tunnel.is_up, tunnel.is_there = true, true
    world:presence_changed(tunnel)
    assert.same({
      "link_added tun0 true",
      "address_added tun0 10.8.0.2",
      "address_added tun0 fe80::1:3%tun0",
      "route_added tun0 10.8.0.1",
    }, events)
    local seen = world:interfaces()[3]
    assert.same(
      { true, true, false, { "10.8.0.1" } },
      { seen.multicast, seen.point_to_point, seen.mac, seen.gateways }
    )
    events = {}
    tunnel.is_up, tunnel.is_there = false, false
    world:presence_changed(tunnel)
    assert.equal("link_removed tun0 nil", events[#events])
    assert.equal(2, #world:interfaces())
  end)

  it("has no default route where only some networks are behind the gateway", function()
    bed.eth0.gateway, bed.eth0.routes = "192.0.2.254", { "10.0.0.0/8" }
    assert.same({}, world:interfaces()[2].gateways)
  end)

  it("sleeps: nothing runs, and what it missed is told when it wakes", function()
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
    assert.is_nil(fired)
    world:wake_up()
    assert.same({ "link_changed eth0 false", "resumed nil 3600000" }, events)
    assert.equal(date + 3600, world:date())
    bed:pass(1)
    assert.equal(start + 3600e3, fired)
  end)

  it("tells when somebody sets the wall clock, which moves no other", function()
    local now, date = world:now(), world:date()
    world:set_clock(-7200e3)
    assert.same({ "clock_jumped nil -7200000" }, events)
    assert.same({ now, date - 7200 }, { world:now(), world:date() })
  end)
end)
