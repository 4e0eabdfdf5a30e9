local bed = require("support.mdns_bed")
local responder_bed = require("support.responder_bed")

local TYPE = "_mlx._tcp.local."
local OWN, OTHER = "w._mlx._tcp.local.", "v._mlx._tcp.local."

describe("mlxresolve.mdns.responder.own", function()
  local link

  before_each(function()
    link = responder_bed.new()
    link:settled { service = "_mlx._tcp", port = 7, instance = "w" }
  end)

  local function hear_other()
    link:deliver(bed.response(TYPE, {
      { type = "PTR", data = OTHER, ttl = 4500, cache_flush = false },
    }))
  end

  it("tells addresses without those of the link alone, when there are others", function()
    link = responder_bed.new {
      links = {
        bed.interface {
          addresses = { bed.address("fe80::1%eth0", 64), bed.address("2001:db8::1", 64) },
        },
        bed.wifi(),
      },
    }
    link:settled()
    local responder = link.engine.responder
    assert.same({ "2001:db8::1" }, responder:lookup("here.local.", "AAAA").data)
    assert.same({ "198.51.100.1" }, responder:lookup("here.local.", "A").data)
    assert.same({}, responder:lookup("here.local.", "A", { [2] = true }).data)
    assert.is_nil(responder:lookup("there.local.", "A"))
    assert.is_nil(responder:lookup(TYPE, "SRV"))
  end)

  it("tells its services beside those of others that it knows, at once", function()
    link:ask(TYPE, "PTR")
    link.world:advance(10)
    hear_other()
    link.world:advance(20e3)
    link:mark()
    local result = link:ask(TYPE, "PTR")
    link.world:advance(0)
    assert.same({ OWN, OTHER }, result.data)
    assert.equal(4480, result.ttl)
    assert.same({}, link:packets("both"))
  end)

  it("asks whether others have such services, and waits 150 ms for them", function()
    local result = link:ask(TYPE, "PTR")
    link.world:advance(100)
    assert.is_nil(result.data)
    hear_other()
    link.world:advance(0)
    assert.same({ OWN, OTHER }, result.data)
    assert.equal(100, result.ms)
  end)

  it("tells its services alone when nobody else has any, for ten seconds", function()
    local result = link:ask(TYPE, "PTR")
    local hasty = link:ask(TYPE, "PTR", { timeout = 50 })
    link.world:advance(200)
    assert.same({ { OWN }, 150, 10 }, { result.data, result.ms, result.ttl })
    assert.same({ OWN }, hasty.data)
    link:mark()
    local again = link:ask(TYPE, "PTR")
    link.world:advance(0)
    assert.same({ { OWN }, 0 }, { again.data, again.ms })
    assert.same({}, link:packets("both"))
  end)

  it("tells its services when nothing can be sent", function()
    for socket in pairs(link.world.sockets) do
      function socket.send()
        return nil, "network is unreachable", "ENETUNREACH"
      end
    end
    local result = link:ask(TYPE, "PTR")
    link.world:advance(0)
    assert.same({ OWN }, result.data)
  end)

  it("is not believed longer than it is published", function()
    local cache = bed.cache()
    link = responder_bed.new { cache = cache }
    local publication = link:settled { service = "_mlx._tcp", port = 7, instance = "w" }
    publication:close()
    link.world:advance(1000)
    local flushed = table.concat(cache.flushed, " ")
    assert.is_not_nil(flushed:find(TYPE, 1, true))
    assert.is_not_nil(flushed:find(OWN, 1, true))
  end)
end)
