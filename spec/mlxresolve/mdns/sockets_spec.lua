local bed = require("support.mdns_bed")
local sockets = require("mlxresolve.mdns.sockets")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.mdns.sockets", function()
  local world, heard

  before_each(function()
    world = virtual.new()
    world.host = { run = function() end }
    world.links = { bed.interface() }
    heard = {}
  end)

  local function open()
    local opened = sockets.open(world, function(object, is_one_shot, data)
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

  local function sent()
    local words = {}
    for i, datagram in ipairs(world.sent) do
      words[i] = datagram.packet .. " " .. datagram.to .. " " .. datagram.interface
    end
    world.sent = {}
    return words
  end

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

  it("ask for unicast first and for multicast again", function()
    local opened = open()
    assert.equal(2, (opened:ask("first", packets, opened.links, both)))
    assert.same({ "QU 224.0.0.251:5353 2", "QU [ff02::fb]:5353 2" }, sent())
    opened:ask("again", packets, opened.links, both)
    assert.same({ "QM 224.0.0.251:5353 2", "QM [ff02::fb]:5353 2" }, sent())
    opened:ask("one_shot", packets, opened.links, { ipv4 = true, ipv6 = false })
    assert.same({ "1 224.0.0.251:5353 2" }, sent())
  end)

  it("ask from two ports where another process has 5353 (RFC 6762 sections 5.1 and 5.2)", function()
    function world.refuse_udp(options)
      return options.bind == "0.0.0.0:5353" and not options.share and "EADDRINUSE"
    end
    local opened = open()
    opened:ask("first", packets, opened.links, both)
    assert.same({ "QM 224.0.0.251:5353 2", "1 224.0.0.251:5353 2", "QU [ff02::fb]:5353 2" }, sent())
  end)

  it("ask one-shot questions where the port cannot be had at all", function()
    function world.refuse_udp(options)
      return options.bind == "0.0.0.0:5353" and "EACCES"
    end
    local opened = open()
    opened:ask("first", packets, opened.links, { ipv4 = true, ipv6 = false })
    opened:ask("again", packets, opened.links, { ipv4 = true, ipv6 = false })
    assert.same({ "1 224.0.0.251:5353 2", "1 224.0.0.251:5353 2" }, sent())
  end)

  it("say why nothing was sent", function()
    function world.refuse_udp()
      return "EMFILE"
    end
    local opened = open()
    local count, message, code = opened:ask("first", packets, opened.links, both)
    assert.equal(0, count)
    assert.equal("[::]:0: address already in use", message)
    assert.equal("EMFILE", code)
  end)

  it("hand on datagrams, telling one-shot replies apart", function()
    local opened = open()
    opened:ask("one_shot", packets, opened.links, both)
    world:deliver(opened.families[1].socket, 0, "m", "192.0.2.7", 5353)
    world:deliver(opened.families[1].one_shot, 0, "u", "192.0.2.7", 5353)
    world:advance(0)
    assert.same({ { "engine", false, "m" }, { "engine", true, "u" } }, heard)
  end)

  it("close the ephemeral ports at rest and take new ones later", function()
    local opened = open()
    opened:ask("one_shot", packets, opened.links, both)
    local first = opened.families[1].one_shot
    opened:rest()
    assert.is_true(first.is_closed)
    opened:ask("one_shot", packets, opened.links, both)
    assert.not_equal(first, opened.families[1].one_shot)
    opened:close()
    assert.is_nil(next(world.sockets))
  end)
end)
