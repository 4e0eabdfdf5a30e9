local bed = require("support.mdns_bed")
local responder_bed = require("support.responder_bed")

local A = { type = "A", data = "192.0.2.7" }
local AAAA = { type = "AAAA", data = "2001:db8::7" }

describe("mlxresolve.mdns.roaming", function()
  local link

  before_each(function()
    link = bed.new()
  end)

  it("asks on a link that comes up while somebody waits", function()
    local result = link:ask("mini2.local.", "A")
    link.world:advance(100)
    link.world.links = { bed.interface(), bed.wifi() }
    local wireless = { interface = 3, from = "198.51.100.7", here = "198.51.100.1" }
    link:answer("mini2.local.", { A }, wireless)
    link.world:network { { type = "link_changed", index = 3, interface = "wlan0", up = true } }
    assert.equal("4 3 QU A mini2.local. AAAA mini2.local.", link:questions()[3])
    link.world:advance(1)
    assert.same({ "192.0.2.7" }, result.data)
    assert.equal(3, result.interface)
  end)

  it("forgets what was heard on a link that went away", function()
    link:answer("mini2.local.", { A, AAAA })
    link:ask("mini2.local.", "A")
    link.world:settle()
    link.world.links = {}
    link.world:network { { type = "link_removed", index = 2, interface = "eth0" } }
    assert.equal(0, link.engine:stats().records)
  end)

  it("keeps what it knows when one more address comes in a network that is here", function()
    link:answer("mini2.local.", { A, AAAA })
    link:ask("mini2.local.", "A")
    link.world:settle()
    local other = bed.interface()
    table.insert(other.addresses, bed.address("192.0.2.99", 24))
    link.world.links = { bed.loopback(), other }
    link.world:network {
      { type = "address_added", index = 2, interface = "eth0", address = "192.0.2.99" },
    }
    assert.equal(2, link.engine:stats().records)
    table.insert(other.addresses, bed.address("203.0.113.99", 24))
    link.world:network {
      { type = "address_added", index = 2, interface = "eth0", address = "203.0.113.99" },
    }
    assert.equal(0, link.engine:stats().records)
  end)

  it("keeps what it knows when only a neighbour changed", function()
    link:answer("mini2.local.", { A, AAAA })
    link:ask("mini2.local.", "A")
    link.world:settle()
    link.world:network { { type = "neighbour_changed", index = 2, interface = "eth0" } }
    assert.equal(2, link.engine:stats().records)
  end)

  it(
    "asks anew, by unicast first, after the machine has slept [RFC 6762 5.4: first question]",
    function()
      link:answer("mini2.local.", { A })
      local lines = link:watch("mini2.local.", "A")
      link.world:advance(5000)
      link:sent()
      link.world.on_send = nil
      link.world:network { { type = "resumed", slept = 3600e3 } }
      link.world:advance(120)
      local sent = link:sent()
      assert.equal(1, #sent)
      assert.is_true(sent[1].questions[1].unicast)
      assert.same({}, sent[1].answers)
      link.world:advance(5000)
      assert.same({
        "added A 192.0.2.7",
        "suspect A 192.0.2.7 forgotten",
        "gone A 192.0.2.7 forgotten",
      }, lines)
    end
  )

  it("probes for its names after the machine has slept [RFC 6762 8: starting over]", function()
    link = responder_bed.new()
    link:settled()
    link.world:network { { type = "resumed", slept = 3600e3 } }
    link:query { "A here.local." }
    assert.same({}, link:answers())
    link.world:advance(1000)
    assert.equal(3, #link:probes())
    assert.is_true(#link:answers() > 0)
  end)

  it("forgets everything when events were lost", function()
    link:answer("mini2.local.", { A, AAAA })
    link:ask("mini2.local.", "A")
    link.world:settle()
    link.world:network { { type = "resynced", index = 0, interface = false } }
    assert.equal(0, link.engine:stats().records)
  end)
end)
