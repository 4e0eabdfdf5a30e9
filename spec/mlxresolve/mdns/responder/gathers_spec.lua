local bed = require("support.mdns_bed")
local responder_bed = require("support.responder_bed")

local PTR = "PTR _mlx._tcp.local. 4500 w._mlx._tcp.local."
local ENUMERATION = "PTR _services._dns-sd._udp.local. 4500 _mlx._tcp.local."

describe("mlxresolve.mdns.responder.gathers", function()
  local link

  before_each(function()
    link = responder_bed.new {
      links = {
        bed.loopback(),
        bed.interface { addresses = { bed.address("192.0.2.1", 24) } },
      },
    }
    link:settled { service = "_mlx._tcp", port = 7, instance = "w" }
  end)

  it("waits for known answers that come in further packets [RFC 6762 7.2: gathering]", function()
    link:query(
      { "PTR _mlx._tcp.local.", "PTR _services._dns-sd._udp.local." },
      { truncated = true }
    )
    link.world:advance(100)
    link:query({}, { truncated = true, known = { "PTR _mlx._tcp.local. 4500 v._mlx._tcp.local." } })
    link:query({}, { known = { PTR } })
    link.world:advance(500)
    assert.same({ ENUMERATION }, link:answers())
    local ms = link:times()[1]
    assert.is_true(ms >= 400 and ms <= 500)
  end)

  it("tells queriers apart by their address [RFC 6762 7.2: gathering]", function()
    link:query({ "PTR _mlx._tcp.local." }, { truncated = true })
    link:query({}, { known = { PTR } }, { from = "192.0.2.8" })
    link.world:advance(600)
    assert.same({ PTR }, link:answers())
  end)

  it(
    "answers 500 ms after the first packet, whatever TC bits follow [RFC 6762 7.2: gathering]",
    function()
      link:query({ "PTR _mlx._tcp.local." }, { truncated = true })
      for _ = 1, 20 do
        link.world:advance(50)
        link:query({ "PTR _mlx._tcp.local." }, { truncated = true })
      end
      assert.is_true(link:times()[1] <= 500)
      assert.same(PTR, link:answers()[1])
    end
  )

  it(
    "holds a bounded number of them, and answers the others all the same [RFC 6762 7.2: gathering]",
    function()
      for i = 1, 250 do
        link:query({ "PTR _mlx._tcp.local." }, { truncated = true }, { from = "192.0.2." .. i })
      end
      assert.equal(16, link.engine.responder.gathers.count)
      link.world:advance(600)
      assert.equal(0, link.engine.responder.gathers.count)
      assert.same({ PTR }, link:answers())
    end
  )

  it("a packet of known answers alone is no question (RFC 6762 section 7.2)", function()
    link:query({}, { known = { PTR } })
    link.world:advance(600)
    assert.same({}, link:packets())
  end)

  it("says nothing after the end (RFC 6762 section 7.2)", function()
    link:query({ "PTR _mlx._tcp.local." }, { truncated = true })
    link.engine:close()
    link:mark()
    link.world:advance(600)
    assert.same({}, link:packets())
  end)
end)
