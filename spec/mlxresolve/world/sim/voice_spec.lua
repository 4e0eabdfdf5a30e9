local core = require("mlxresolve.core")
local responders = require("mlxresolve.world.sim.responder")
local sim_bed = require("support.sim_bed")
local voice = require("mlxresolve.world.sim.voice")

describe("mlxresolve.world.sim.voice", function()
  local bed, heard, mini3

  before_each(function()
    bed = sim_bed.new()
    heard = {}
    bed.mini2.responder = responders.new(bed.world, bed.mini2, "avahi")
    mini3 = bed.world.net:add_host("mini3")
    bed:put(mini3, "eth0", "desk", "192.0.2.3/24")
    mini3.responder = {
      hear = function(_, _, datagram)
        heard[#heard + 1] = datagram
      end,
    }
  end)

  local message = voice.response { { name = "a.local", type = "A", ttl = 1, data = "192.0.2.9" } }

  it("reaches every host of the link with one packet", function()
    local sent = 0
    function bed.world.net.on_packet()
      sent = sent + 1
    end
    voice.multicast(bed.mini2.responder, bed.en0, "ipv4", message)
    bed:pass(10)
    assert.same({ 1, 1 }, { sent, #heard })
    assert.same({ "224.0.0.251", 5353 }, { heard[1].to, heard[1].to_port })
    assert.equal("192.0.2.9", voice.message(heard[1]).answers[1].data)
    assert.equal(voice.message(heard[1]), voice.message(heard[1]))
  end)

  it("speaks over IPv6 from the link-local address", function()
    voice.on_both(bed.mini2.responder, bed.en0, function()
      return message
    end)
    bed:pass(10)
    local sources = { heard[1].from, heard[2].from }
    table.sort(sources)
    assert.same({ "192.0.2.2", "fe80::2:2" }, sources)
  end)

  it("says nothing without an address or a cable", function()
    bed.world.net:set_addresses(bed.en0, {})
    voice.multicast(bed.mini2.responder, bed.en0, "ipv4", message)
    bed.en0.is_up = false
    voice.multicast(bed.mini2.responder, bed.en0, "ipv6", message)
    bed:pass(10)
    assert.equal(0, #heard)
  end)

  it("makes nothing of what is no message", function()
    assert.is_false(voice.message { data = "\0" })
    assert.is_truthy(voice.message { data = core.wire.encode { questions = {} } })
  end)
end)
