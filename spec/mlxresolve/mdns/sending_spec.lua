local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")
local sockets = require("mlxresolve.mdns.sockets")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.mdns.sending", function()
  local world

  before_each(function()
    world = virtual.new()
    world.host = { run = function() end }
    world.links = { bed.interface() }
  end)

  local function open()
    local opened = sockets.open(world, core.interest.new(), function() end, "engine")
    opened:update()
    return opened
  end

  local packets = { unicast = "QU", multicast = "QM", one_shot = "1" }
  local both = { ipv4 = true, ipv6 = true }

  local function sent()
    local words = {}
    for i, datagram in ipairs(world.sent) do
      local port = datagram.socket.options.bind:match("%d+$")
      words[i] = ("%s %s %d from %s"):format(datagram.packet, datagram.to, datagram.interface, port)
    end
    world.sent = {}
    return words
  end

  it(
    "ask for unicast first and for multicast again"
      .. " [RFC 6762 5.2: port 5353] [RFC 6762 5.4: first question]",
    function()
      local opened = open()
      assert.equal(2, (opened:ask("first", packets, opened.links[1], both)))
      assert.same({ "QU 224.0.0.251:5353 2 from 5353", "QU [ff02::fb]:5353 2 from 5353" }, sent())
      opened:ask("again", packets, opened.links[1], both)
      assert.same({ "QM 224.0.0.251:5353 2 from 5353", "QM [ff02::fb]:5353 2 from 5353" }, sent())
      opened:ask("one_shot", packets, opened.links[1], { ipv4 = true, ipv6 = false })
      assert.same({ "1 224.0.0.251:5353 2 from 0" }, sent())
    end
  )

  it("ask from two ports where another process has 5353 [RFC 6762 5.1: own port]", function()
    function world.refuse_udp(options)
      return options.bind == "0.0.0.0:5353" and not options.share and "EADDRINUSE"
    end
    local opened = open()
    opened:ask("first", packets, opened.links[1], both)
    assert.same({
      "QM 224.0.0.251:5353 2 from 5353",
      "1 224.0.0.251:5353 2 from 0",
      "QU [ff02::fb]:5353 2 from 5353",
    }, sent())
  end)

  it("ask one-shot questions where the port cannot be had at all", function()
    function world.refuse_udp(options)
      return options.bind == "0.0.0.0:5353" and "EACCES"
    end
    local opened = open()
    opened:ask("first", packets, opened.links[1], { ipv4 = true, ipv6 = false })
    opened:ask("again", packets, opened.links[1], { ipv4 = true, ipv6 = false })
    assert.same({ "1 224.0.0.251:5353 2 from 0", "1 224.0.0.251:5353 2 from 0" }, sent())
  end)

  it("say why nothing was sent", function()
    function world.refuse_udp()
      return "EMFILE"
    end
    local opened = open()
    local count, message, code = opened:ask("first", packets, opened.links[1], both)
    assert.equal(0, count)
    assert.equal("[::]:0: address already in use", message)
    assert.equal("EMFILE", code)
  end)
end)
