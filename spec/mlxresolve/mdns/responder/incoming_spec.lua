local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")
local responder_bed = require("support.responder_bed")

describe("mlxresolve.mdns.responder.incoming", function()
  local link

  before_each(function()
    link = responder_bed.new()
    link:settled()
  end)

  local function count(reason)
    return link.engine:stats()[reason] or 0
  end

  it("does not decode queries for names of others", function()
    local decode = spy.on(core.wire, "decode")
    link:query { "A there.local.", "PTR _ipp._tcp.local." }
    assert.spy(decode).was_not_called()
    decode:revert()
    assert.equal(1, count("query"))
  end)

  it("counts what it looked at", function()
    link:query { "A here.local." }
    assert.equal(1, count("asked"))
  end)

  it("does not take its own probes for those of others", function()
    link:mark()
    link.world.links = { bed.loopback(), bed.interface(), bed.wifi() }
    link.world:network { { type = "link_added", index = 3, interface = "wlan0", up = true } }
    link.world:advance(300)
    local probe = link:packets()[1].packet
    link:deliver(probe, { from = "198.51.100.1", interface = 3 })
    link.world:advance(5)
    assert.equal(1, count("echo"))
  end)

  it("ignores queries on interfaces that it does not publish on", function()
    link:query({ "A here.local." }, nil, { interface = 7, from = "203.0.113.9" })
    assert.equal(1, count("interface"))
    assert.same({}, link:packets())
  end)

  it(
    "takes a multicast query from a misconfigured neighbour, and multicasts (RFC 6762 section 11)",
    function()
      link:query({ "QU A here.local." }, nil, { from = "203.0.113.9" })
      link.world:advance(10)
      assert.equal("224.0.0.251:5353", link:packets()[1].to)
    end
  )

  it("ignores what claims to be a query and is damaged", function()
    local packet = responder_bed.query { "A here.local." }
    link:deliver(packet:sub(1, 6) .. "\0\9" .. packet:sub(9))
    link.world:advance(10)
    assert.equal(1, count("malformed"))
    assert.same({}, link:packets())
  end)
end)
