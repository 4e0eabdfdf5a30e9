local core = require("mlxresolve.core")
local faults = require("support.faults")
local scheduler = require("mlxresolve.scheduler")
local uv = require("luv")

describe("mlxresolve.world.real.network", function()
  --- Runs the loop until somebody closes the world; after three seconds it is done in any case.
  local function run_until_closed(world)
    local guard = uv.new_timer()
    uv.update_time() -- the loop's is from when it ran last
    guard:start(3000, 0, function()
      world:close()
    end)
    while not world.is_closed do
      uv.run("once")
    end
    guard:close()
    uv.run()
  end

  it("hands datagrams over with their circumstances", function()
    local world = require("mlxresolve.world.real").new()
    scheduler.new(world)
    local got
    local receiver
    receiver = assert(world:udp({ bind = "127.0.0.1:0" }, function(...)
      got = { ... }
      world:close()
    end))
    local sender = assert(world:udp({ bind = "127.0.0.1:0" }, function() end))
    local port = tonumber(sender:address():match(":(%d+)$"))
    assert.is_true(sender:send("hello", receiver:address()))
    run_until_closed(world)
    assert.equal("hello", got[1])
    assert.equal("127.0.0.1", got[2])
    assert.equal(port, got[3])
  end)

  it("takes no more from a socket that its reader closed in a full batch", function()
    local world = require("mlxresolve.world.real").new()
    scheduler.new(world)
    local receiver, got = nil, 0
    receiver = assert(world:udp({ bind = "127.0.0.1:0" }, function()
      got = got + 1
      if got == 64 then
        receiver:close()
        world:close()
      end
    end))
    local sender = assert(core.udp.open { bind = "127.0.0.1:0" })
    for _ = 1, 70 do
      assert(sender:send("hello", receiver:address()))
    end
    sender:close()
    run_until_closed(world)
    assert.equal(64, got)
  end)

  --- Sends questions for these names to a socket with a filter; the names that were heard, until
  --- `on_heard(name, cares, receiver)` returns true.
  local function hear_filtered(names, on_heard)
    local world = require("mlxresolve.world.real").new()
    scheduler.new(world)
    local cares, heard, receiver = assert(core.interest.new()), {}, nil
    cares:add("first.local.", "awaited")
    receiver = assert(world:udp({ bind = "127.0.0.1:0", filter = cares }, function(data, ...)
      local name = core.wire.decode(data).questions[1].name
      heard[#heard + 1] = name
      assert.equal(7, select("#", ...))
      if on_heard(name, cares, receiver) then
        world:close()
      end
    end))
    local sender = assert(core.udp.open { bind = "127.0.0.1:0" })
    for _, name in ipairs(names) do
      local query = core.wire.encode { questions = { { name = name, type = "A" } } }
      assert(sender:send(query, receiver:address()))
    end
    sender:close()
    run_until_closed(world)
    return heard, cares:stats()
  end

  it("drops what a filter does not want, however much of it comes first", function()
    local names = {}
    for i = 1, 150 do
      names[i] = "other.local."
    end
    names[151] = "first.local."
    local heard, stats = hear_filtered(names, function()
      return true
    end)
    assert.same({ "first.local." }, heard)
    assert.equal(150, stats.query)
  end)

  it("asks a filter when what came before has been heard", function()
    local names = { "second.local.", "first.local.", "second.local." }
    local heard = hear_filtered(names, function(name, cares)
      cares:add("second.local.", "awaited")
      return name == "second.local."
    end)
    assert.same({ "first.local.", "second.local." }, heard)
  end)

  it("takes no more from a filtered socket that its reader closed", function()
    local heard = hear_filtered({ "first.local.", "first.local." }, function(_, _, receiver)
      receiver:close()
      return true
    end)
    assert.same({ "first.local." }, heard)
  end)

  --- Receives a datagram, or hears of an interface, though calls of the system fail before.
  local function check_world(code)
    if faults.missing() then
      return pending(faults.missing())
    end
    faults.check([[
      local core = require "mlxresolve.core"
      local uv = require "luv"
      local lines = {}
      local world = require("mlxresolve.world.real").new {
        log = function(level, text) lines[#lines + 1] = level .. " " .. text end,
      }
      require("mlxresolve.scheduler").new(world)
      local guard = uv.new_timer()
      guard:start(5000, 0, function() error("nothing came: " .. table.concat(lines, "; ")) end)
    ]] .. code .. [[
      uv.run()
      assert(#lines == 1 and lines[1]:find("trying again", 1, true), table.concat(lines, "; "))
    ]])
  end

  it("goes on reading datagrams when a read failed", function()
    check_world([[
      local socket = assert(world:udp({ bind = "127.0.0.1:0" }, function()
        assert(1 == fail())
        guard:close()
        world:close()
      end))
      assert(socket:send("hello", socket:address()))
      fail("recvmmsg", "ENOMEM", 1)
    ]])
  end)

  it("reads lost network changes later when it cannot at once", function()
    check_world([[
      world:watch_network(function(events)
        assert(events[1].type == "resynced")
        guard:close()
        world:close()
      end)
      assert(#world:interfaces() > 0)
      -- events are lost, and the look at all that the kernel has fails too
      fail("recvmsg", "ENOBUFS", 1, 65538)
      local soon = uv.new_timer()
      soon:start(0, 0, function()
        soon:close()
        world:turn(world.netif)
      end)
    ]])
  end)

  it("gives the same list of interfaces until something changes", function()
    local world = require("mlxresolve.world.real").new()
    scheduler.new(world)
    assert.equal(world:interfaces(), world:interfaces())
    assert.is_table(world:neighbours())
    world:close()
    uv.run()
  end)

  it("says why a socket cannot be had", function()
    local world = require("mlxresolve.world.real").new()
    scheduler.new(world)
    local socket, message, code = world:udp({ bind = "192.0.2.77:0" }, function() end)
    assert.is_nil(socket)
    assert.is_string(message)
    assert.equal("EADDRNOTAVAIL", code)
    world:close()
    uv.run()
  end)
end)
