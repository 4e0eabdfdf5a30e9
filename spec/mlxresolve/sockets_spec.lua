local scheduler = require("mlxresolve.scheduler")
local sockets = require("mlxresolve.sockets")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.sockets", function()
  local world, s

  before_each(function()
    world = virtual.new()
    s = scheduler.new(world)
  end)

  it("keeps datagrams for a reader that is busy, up to a bound", function()
    local got = {}
    s:spawn(function()
      local socket = sockets.udp(s, world, { bind = "0.0.0.0:0" })
      for i = 1, 100 do
        world:deliver(socket.socket, 1, "n" .. i, "192.0.2.1", 9)
      end
      s:sleep(50)
      while true do
        local data = socket:receive(10)
        if not data then
          return
        end
        got[#got + 1] = data
      end
    end)
    world:settle()
    assert.equal(64, #got)
    assert.equal("n1", got[1])
    assert.equal("n64", got[64])
  end)

  it("says why a socket cannot be had", function()
    world.refuse_udp = function()
      return "EADDRINUSE"
    end
    local socket, message, code = sockets.udp(s, world, { bind = "0.0.0.0:53" })
    assert.is_nil(socket)
    assert.matches("0.0.0.0:53", message)
    assert.equal("EADDRINUSE", code)
  end)

  it("gives up a read when the deadline passes", function()
    world.targets["192.0.2.1:22"] = function() end
    local code, stream
    s:spawn(function()
      stream = sockets.connect(s, world, "192.0.2.1:22")
      stream.stream.read = function(_, waiter)
        return world:native(waiter, "nobody", 0, world:now() + 1e6)
      end
      world.names.nobody = "stuck"
      local _
      _, _, code = s:within(30, stream.read, stream)
    end)
    world:settle()
    assert.equal("ETIMEOUT", code)
  end)
end)
