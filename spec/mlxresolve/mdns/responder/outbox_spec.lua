local bed = require("support.mdns_bed")
local responder_bed = require("support.responder_bed")

local A = "A here.local. 120 192.0.2.1 !"
local PTR = "PTR _mlx._tcp.local. 4500 w._mlx._tcp.local."
local SERVICE = { service = "_mlx._tcp", port = 7, instance = "w" }

describe("mlxresolve.mdns.responder.outbox", function()
  local link

  before_each(function()
    link = responder_bed.new {
      links = {
        bed.loopback(),
        bed.interface { addresses = { bed.address("192.0.2.1", 24) } },
        bed.wifi(),
      },
    }
    link:settled(SERVICE)
  end)

  it("multicasts no record twice a second [RFC 6762 6: once a second]", function()
    for _ = 1, 30 do
      link:query { "A here.local." }
      link.world:advance(100)
    end
    link.world:advance(2000)
    assert.same({ 0, 1000, 2000, 3000 }, link:times())
  end)

  it("lets no announcement fall out because a second is a little less by rounding", function()
    for seed = 1, 40 do
      link = responder_bed.new()
      link.world.state = seed * 7919
      link:publish()
      link.world:advance(5000)
      local announced = 0
      for _, text in ipairs(link:answers()) do
        announced = announced + (text == A and 1 or 0)
      end
      assert.equal(3, announced, "seed " .. seed)
    end
  end)

  it("counts that second for each link [RFC 6762 6: once a second]", function()
    link:query { "A here.local." }
    link:query({ "A here.local." }, nil, { from = "198.51.100.9", interface = 3 })
    link.world:advance(10)
    assert.same({ 0, 0 }, link:times())
  end)

  it("one packet answers those who ask within the delay [RFC 6762 6.4: one packet]", function()
    link:query { "PTR _mlx._tcp.local." }
    link:query({ "PTR _services._dns-sd._udp.local." }, nil, { from = "192.0.2.9" })
    link.world:advance(15)
    link:query({ "PTR _mlx._tcp.local." }, nil, { from = "192.0.2.8" })
    link.world:advance(500)
    assert.equal(2, #link:answers())
    assert.equal(1, #link:times())
  end)

  it("does not say what another has just said [RFC 6762 7.4: answers of others]", function()
    link:query { "PTR _mlx._tcp.local." }
    link:hear { PTR }
    link.world:advance(500)
    assert.same({}, link:answers())
  end)

  it("says it when the other gave it less time [RFC 6762 7.4: answers of others]", function()
    link:query { "PTR _mlx._tcp.local." }
    link:hear { "PTR _mlx._tcp.local. 120 w._mlx._tcp.local." }
    link.world:advance(500)
    assert.same({ PTR }, link:answers())
  end)

  it(
    "a known answer of one querier does not silence what another waits for (RFC 6762 section 7.1)",
    function()
      link:query { "PTR _mlx._tcp.local." }
      link:query({ "PTR _mlx._tcp.local." }, { known = { PTR } }, { from = "192.0.2.8" })
      link.world:advance(500)
      assert.same({ PTR }, link:answers())
    end
  )

  it("answers legacy queriers each, and drops a flood of them", function()
    for i = 1, 1000 do
      link:query({ "PTR _mlx._tcp.local." }, { id = i }, { port = 10000 + i })
    end
    link.world:advance(500)
    assert.equal(64, #link:packets())
    link:mark()
    link:query({ "A here.local." }, { id = 1 }, { port = 40000 })
    assert.equal(1, #link:packets())
  end)

  it("answers at most 500 single queriers a second", function()
    for i = 1, 1000 do
      link:query({ "A here.local." }, { id = i }, { port = 10000 + i })
    end
    assert.equal(500, #link:packets())
    link:mark()
    link.world:advance(1000)
    link:query({ "A here.local." }, { id = 1 }, { port = 40000 })
    assert.equal(1, #link:packets())
  end)

  it("forgets what waits when it is taken back", function()
    local publication = link:publish { service = "_x._tcp", port = 1, instance = "w" }
    link.world:advance(10e3)
    link:mark()
    publication:close()
    link.world:advance(45)
    link:query { "PTR _x._tcp.local." }
    link.world:advance(1000)
    for _, text in ipairs(link:answers()) do
      assert.is_nil(text:find("4500", 1, true))
    end
  end)

  it("answers the name with its additionals", function()
    link:query { "A here.local." }
    assert.same({ A }, link:answers())
  end)
end)
