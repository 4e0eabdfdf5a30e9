local core = require("mlxresolve.core")
local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.world.virtual.network", function()
  local world

  before_each(function()
    world = virtual.new()
    scheduler.new(world)
  end)

  it("asks a socket's filter about each datagram when it comes", function()
    local cares, heard = core.interest.new(), {}
    local socket = world:udp({ bind = "0.0.0.0:5353", filter = cares }, function(...)
      heard[#heard + 1] = { ... }
      cares:add("taught.local.", "owned")
    end)
    cares:add("mini2.local.", "awaited")
    local function question(name)
      return core.wire.encode { questions = { { name = name, type = "A" } } }
    end
    local known, taught = question("mini2.local."), question("taught.local.")
    for i, packet in ipairs { taught, known, taught } do
      world:deliver(socket, i, packet, "192.0.2.7", 5353, 2)
    end
    world:advance(5)
    assert.same({
      { known, "192.0.2.7", 5353, 2, false, 255, true, false },
      { taught, "192.0.2.7", 5353, 2, false, 255, false, true },
    }, heard)
  end)

  it("notes what is sent and delivers what is scripted, until the socket is closed", function()
    local got = {}
    local socket = world:udp({ bind = "0.0.0.0:0" }, function(data, from, port)
      got[#got + 1] = ("%s from %s:%d"):format(data, from, port)
    end)
    socket:send("ping", "192.0.2.1:9", 3)
    assert.equal("ping", world.sent[1].packet)
    assert.equal(3, world.sent[1].interface)
    world:deliver(socket, 5, "pong", "192.0.2.1", 9)
    world:advance(4)
    assert.same({}, got)
    world:advance(1)
    assert.same({ "pong from 192.0.2.1:9" }, got)
    world:deliver(socket, 5, "late", "192.0.2.1", 9)
    socket:close()
    world:advance(10)
    assert.equal(1, #got)
  end)

  it("keeps memberships", function()
    local socket = world:udp({ bind = "0.0.0.0:5353" }, function() end)
    socket:join("224.0.0.251", 2)
    assert.is_true(socket.groups["224.0.0.251%2"])
    socket:leave("224.0.0.251", 2)
    assert.is_nil(socket.groups["224.0.0.251%2"])
  end)

  it("tells network events to those who watch", function()
    local seen = 0
    local watcher = world:watch_network(function(events)
      seen = seen + #events
    end)
    world:network { { type = "link_added" }, { type = "address_added" } }
    watcher:close()
    world:network { { type = "link_removed" } }
    assert.equal(2, seen)
  end)
end)
