local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")
local sockets = require("mlxresolve.mdns.sockets")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.mdns.sockets", function()
  local world, heard, cares

  before_each(function()
    world = virtual.new()
    world.host = { run = function() end }
    world.links = { bed.interface() }
    heard = {}
  end)

  local function open()
    cares = core.interest.new()
    local opened = sockets.open(world, cares, function(object, is_one_shot, data)
      heard[#heard + 1] = { object, is_one_shot, data }
    end, "engine")
    opened:update()
    return opened
  end

  local function groups()
    local found = {}
    for socket in pairs(world.sockets) do
      for group in pairs(socket.groups) do
        found[#found + 1] = group
      end
    end
    table.sort(found)
    return found
  end

  local packets = { unicast = "QU", multicast = "QM", one_shot = "1" }
  local both = { ipv4 = true, ipv6 = true }

  it("join the groups on every link, in the families that it speaks", function()
    world.links = { bed.interface(), bed.wifi() }
    open()
    assert.same({ "224.0.0.251%2", "224.0.0.251%3", "ff02::fb%2" }, groups())
  end)

  it("follow links that come and go", function()
    local opened = open()
    world.links = { bed.wifi() }
    local gained = opened:update { [2] = true, [3] = true }
    assert.same({ "224.0.0.251%3" }, groups())
    assert.equal("wlan0", gained[1].name)
    assert.equal(1, #gained)
  end)

  it("join again where something changed", function()
    local opened = open()
    local socket = opened.families[1].socket
    local calls = {}
    function socket.leave(_, group, index)
      calls[#calls + 1] = "leave " .. group .. " " .. index
    end
    function socket.join(_, group, index)
      calls[#calls + 1] = "join " .. group .. " " .. index
      return true
    end
    opened:update { [3] = true }
    assert.same({}, calls)
    opened:update { [2] = true }
    assert.same({ "leave 224.0.0.251 2", "join 224.0.0.251 2" }, calls)
    opened:update("all")
    assert.equal(4, #calls)
  end)

  it("try again at the next change when joining failed, and say so", function()
    local opened = open()
    local socket, failing = opened.families[1].socket, true
    function socket.join()
      if failing then
        return nil, "no buffer space", "ENOBUFS"
      end
      return true
    end
    opened:update { [2] = true }
    assert.same({ "warn: mdns: cannot join 224.0.0.251 on eth0: no buffer space" }, world.lines)
    failing = false
    opened:update()
    assert.is_true(opened.families[1].joined[2])
  end)

  it("hand on datagrams, telling one-shot replies apart", function()
    local opened = open()
    opened:ask("one_shot", packets, opened.links[1], both)
    cares:add("mini2.local.", "awaited")
    local m = bed.response("mini2.local.", { { type = "A", data = "192.0.2.7" } })
    local u = bed.response("mini2.local.", { { type = "A", data = "192.0.2.8" } })
    world:deliver(opened.families[1].socket, 0, m, "192.0.2.7", 5353)
    world:deliver(opened.families[1].one_shot, 0, u, "192.0.2.7", 5353)
    world:advance(0)
    assert.same({ { "engine", false, m }, { "engine", true, u } }, heard)
  end)

  it("hand on nothing that nobody cares for", function()
    local opened = open()
    local packet = bed.response("mini2.local.", { { type = "A", data = "192.0.2.7" } })
    world:deliver(opened.families[1].socket, 0, packet, "192.0.2.7", 5353)
    world:advance(0)
    assert.same({}, heard)
    assert.equal(1, cares:stats().unawaited)
  end)

  it("know what comes back to them by the addresses of all links", function()
    local opened = open()
    cares:add("mini2.local.", "awaited")
    local packet = core.wire.encode { questions = { { name = "mini2.local.", type = "A" } } }
    cares:sent("awaited", packet)
    world.links = { bed.interface { addresses = { bed.address("192.0.2.77", 24) } } }
    opened:update()
    for _, from in ipairs { "192.0.2.1", "192.0.2.77" } do
      world:deliver(opened.families[1].socket, 0, packet, from, 5353)
    end
    world:advance(0)
    assert.equal(1, #heard)
    assert.equal(1, cares:stats().echo)
  end)

  it("close the ephemeral ports at rest and take new ones later", function()
    local opened = open()
    opened:ask("one_shot", packets, opened.links[1], both)
    local first = opened.families[1].one_shot
    opened:rest()
    assert.is_true(first.is_closed)
    opened:ask("one_shot", packets, opened.links[1], both)
    assert.not_equal(first, opened.families[1].one_shot)
    opened:close()
    assert.is_nil(next(world.sockets))
  end)
end)
