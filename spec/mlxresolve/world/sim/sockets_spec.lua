local core = require("mlxresolve.core")
local responder = require("mlxresolve.world.sim.responder")
local sim_bed = require("support.sim_bed")

local GROUP = "224.0.0.251"

local function query(unicast)
  return core.wire.encode {
    id = 7,
    questions = { { name = "mini2.local", type = "A", unicast = unicast } },
  }
end

describe("mlxresolve.world.sim.sockets", function()
  local bed, world, heard

  local function open(options)
    return assert(world:udp(options, function(_, from, port, index, to, hops)
      heard[#heard + 1] = ("%s %d %d %s %d"):format(from, port, index, to, hops)
    end))
  end

  before_each(function()
    bed = sim_bed.new()
    world, heard = bed.world, {}
    bed.mini2.responder = responder.new(world, bed.mini2, "avahi")
  end)

  it("hears what is sent to a group that it has joined, itself included", function()
    local socket = open { bind = "0.0.0.0:5353", share = true }
    socket:join(GROUP, 2)
    assert.is_true(socket:send(query(), GROUP .. ":5353", 2))
    bed:pass(100)
    assert.same(
      { "192.0.2.1 5353 2 " .. GROUP .. " 255", "192.0.2.2 5353 2 " .. GROUP .. " 255" },
      heard
    )
    socket:leave(GROUP, 2)
    bed:pass(2000)
    socket:send(query(), GROUP .. ":5353", 2)
    bed:pass(100)
    assert.equal(2, #heard)
  end)

  it("hears what its filter admits, and whom that concerns", function()
    local cares, concerns = core.interest.new(), {}
    cares:own { "192.0.2.1" }
    cares:add("mini2.local.", "awaited")
    local socket = world:udp({
      bind = "0.0.0.0:5353",
      share = true,
      filter = cares,
    }, function(_, from, _, _, _, _, is_awaited, is_owned)
      concerns[#concerns + 1] = ("%s %s %s"):format(from, is_awaited, is_owned)
    end)
    socket:join(GROUP, 2)
    cares:sent("awaited", query())
    socket:send(query(), GROUP .. ":5353", 2)
    bed:pass(100)
    assert.same({ "192.0.2.2 true false" }, concerns)
    assert.equal(1, cares:stats().echo)
  end)

  it("hears IPv6 from link-local addresses with their interface", function()
    local socket = open { bind = "[::]:5353", share = true }
    socket:join("ff02::fb", 2)
    local packet = core.wire.encode { questions = { { name = "mini2.local", type = "AAAA" } } }
    socket:send(packet, "[ff02::fb]:5353", 2)
    bed:pass(100)
    assert.equal("fe80::2:2%eth0 5353 2 ff02::fb 255", heard[2])
  end)

  it("gets unicast replies on the port from which it asked", function()
    local socket = open { bind = "0.0.0.0:0" }
    socket:send(query(), GROUP .. ":5353", 2)
    bed:pass(100)
    assert.same({ "192.0.2.2 5353 2 192.0.2.1 255" }, heard)
  end)

  it("loses unicast to port 5353 to the system's responder where there is one", function()
    world.shares_mdns = true
    assert.same({ nil, "EADDRINUSE" }, {
      world:udp({ bind = "0.0.0.0:5353" }, function() end),
      select(3, world:udp({ bind = "0.0.0.0:5353" }, function() end)),
    })
    local socket = open { bind = "0.0.0.0:5353", share = true }
    bed.mini2.responder:place(bed.en0).said.ipv4 = world.clock.time
    socket:send(query(true), GROUP .. ":5353", 2)
    bed:pass(100)
    assert.same({}, heard)
  end)

  it("shares a port only with those who want to", function()
    open { bind = "0.0.0.0:5353", share = true }
    open { bind = "0.0.0.0:5353", share = true }
    local _, _, code = world:udp({ bind = "0.0.0.0:5353" }, function() end)
    assert.equal("EADDRINUSE", code)
  end)

  it("cannot join twice, nor leave what it has not joined", function()
    local socket = open { bind = "0.0.0.0:5353", share = true }
    assert.is_true(socket:join(GROUP, 2))
    assert.equal("EADDRINUSE", select(3, socket:join(GROUP, 2)))
    assert.is_true(socket:leave(GROUP, 2))
    assert.equal("EADDRNOTAVAIL", select(3, socket:leave(GROUP, 2)))
  end)

  it(
    "is forgotten by a switch that snoops when the cable is pulled, until it joins anew",
    function()
      bed.eth0.link.snooping = true
      local socket = open { bind = "0.0.0.0:5353", share = true }
      socket:join(GROUP, 2)
      bed.eth0.is_up = false
      world:carrier_changed(bed.eth0)
      bed.eth0.is_up = true
      socket:send(query(), GROUP .. ":5353", 2)
      bed:pass(100)
      assert.same({}, heard)
      socket:leave(GROUP, 2)
      socket:join(GROUP, 2)
      bed:pass(1000)
      socket:send(query(), GROUP .. ":5353", 2)
      bed:pass(100)
      assert.equal(2, #heard)
    end
  )

  it("cannot send where there is no address or no way", function()
    local socket = open { bind = "0.0.0.0:0" }
    assert.equal("ENETUNREACH", select(3, socket:send("", "198.51.100.1:9")))
    world.net:set_addresses(bed.eth0, {})
    assert.equal("ENETUNREACH", select(3, socket:send(query(), GROUP .. ":5353", 2)))
  end)

  it("hears nothing after it was closed", function()
    local socket = open { bind = "0.0.0.0:0" }
    assert.equal("0.0.0.0:40001", socket:address())
    socket:send(query(), GROUP .. ":5353", 2)
    socket:close()
    bed:pass(100)
    assert.same({}, heard)
    assert.same({}, world.sockets)
  end)
end)
