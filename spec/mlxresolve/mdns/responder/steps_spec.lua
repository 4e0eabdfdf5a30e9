local bed = require("support.mdns_bed")
local evenly = require("support.evenly")
local responder_bed = require("support.responder_bed")

local function one_address()
  return bed.interface { addresses = { bed.address("192.0.2.1", 24) } }
end

describe("mlxresolve.mdns.responder.steps", function()
  local link

  before_each(function()
    link = responder_bed.new { links = { bed.loopback(), one_address() } }
  end)

  it(
    "waits 0 to 250 ms, probes three times 250 ms apart, then announces [RFC 6762 8.1: probes]",
    function()
      link:publish()
      link.world:advance(3000)
      local packets = link:packets()
      local first = packets[1].ms
      assert.is_true(first >= 0 and first <= 250)
      for i = 1, 3 do
        assert.is_false(packets[i].response)
        assert.near(first + (i - 1) * 250, packets[i].ms, 0.01)
      end
      assert.is_true(packets[4].response)
      assert.near(first + 750, packets[4].ms, 0.01)
    end
  )

  it(
    "asks QU for any record and proposes its own in the authority section"
      .. " [RFC 6762 8.1: probe form]",
    function()
      link:publish()
      link.world:advance(300)
      local probe = link:packets()[1]
      assert.same(
        { name = "here.local.", type = "ANY", class = "IN", unicast = true },
        probe.questions[1]
      )
      assert.same({
        "A here.local. 120 192.0.2.1",
        "PTR 1.2.0.192.in-addr.arpa. 120 here.local.",
      }, responder_bed.words(probe.authorities))
      assert.same({}, probe.answers)
    end
  )

  it("asks for multicast where port 5353 is shared (RFC 6762 section 8.1)", function()
    link = responder_bed.new { port_taken = true }
    link:publish()
    link.world:advance(300)
    assert.is_false(link:packets()[1].questions[1].unicast)
  end)

  it("asks no cache and answers nobody while it probes [RFC 6762 8.1: no cache]", function()
    link:publish()
    link.world:advance(300)
    link:mark()
    link:query { "A here.local." }
    link.world:advance(200)
    assert.same({}, link:answers())
  end)

  it("waits 0 to 250 ms before its first probe, evenly [RFC 6762 8.1: probe wait]", function()
    local chance = link.world.state
    evenly(0, 250, function()
      link = responder_bed.new { links = { one_address() } }
      link.world.state = chance
      link:publish()
      link.world:advance(300)
      chance = link.world.state
      return link:packets()[1].ms
    end)
  end)

  it("waits so for names that come later, too [RFC 6762 8.1: probe wait]", function()
    link:settled()
    evenly(0, 250, function(i)
      link:mark()
      local publication = link:publish { service = "_mlx._tcp", port = 7, instance = "w" .. i }
      link.world:advance(300)
      local ms = link:packets()[1].ms
      publication:close()
      link.world:advance(1000)
      return ms
    end)
  end)

  it(
    "announces over both families at least twice, a second apart, then doubling"
      .. " [RFC 6762 8.3: announcing]",
    function()
      link = responder_bed.new()
      link:publish()
      link.world:advance(20e3)
      for _, family in ipairs { "ipv4", "ipv6" } do
        local times = link:times(family)
        assert.equal(3, #times)
        assert.near(1000, times[2] - times[1], 0.01)
        assert.near(2000, times[3] - times[2], 0.01)
      end
    end
  )

  it("says nothing more when nobody asks [RFC 6762 8.3: then quiet]", function()
    link:settled()
    link.world:advance(7200e3)
    assert.same({}, link:packets("both"))
  end)

  it("probes for the names of one turn in one packet (RFC 6762 section 8.1)", function()
    for port = 1, 5 do
      link:publish { service = "_mlx._tcp", port = port, instance = "w" .. port }
    end
    link.world:advance(600)
    local probes = link:probes()
    assert.equal(3, #probes)
    assert.equal(7, #link:packets()[1].questions)
  end)

  it(
    "tells of a service only when its host's name is established (RFC 6762 section 8.1)",
    function()
      link:publish { service = "_mlx._tcp", port = 1, instance = "w" }
      link.world:advance(300)
      -- the host's name is taken, the service's is not
      link:hear { "A here.local. 120 192.0.2.9 !" }
      link:mark()
      link.world:advance(20e3)
      local first = link:packets()[1]
      local announced
      for _, message in ipairs(link:packets()) do
        announced = announced or message.response and responder_bed.words(message.answers)
      end
      assert.is_not_nil(first)
      local text = table.concat(announced, "\n")
      assert.matches("A here%-2%.local%. 120 192%.0%.2%.1 !", text)
      assert.matches("SRV w%._mlx%._tcp%.local%. 120 0 0 1 here%-2%.local%. !", text)
    end
  )
end)
