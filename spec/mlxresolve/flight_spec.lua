local bed = require("support.bed")

describe("mlxresolve.flight", function()
  local strategy = bed.strategy

  it("asks once for 500 questions about one slow name", function()
    local slow = strategy("slow", function(query, ctx)
      ctx:sleep(300)
      return query:answer { a = "192.0.2.1" }
    end)
    local b = bed.open { slow }
    local answered = 0
    for _ = 1, 500 do
      b.resolver:resolve("slow.example", { type = "A" }, function(result)
        answered = answered + (result.addresses[1].address == "192.0.2.1" and 1 or 0)
      end)
    end
    b.world:settle()
    assert.equal(500, answered)
    assert.equal(1, slow.calls)
  end)

  it("ends when its last waiter leaves, and closes what was opened", function()
    local ended = false
    local b = bed.open {
      strategy("slow", function(_, ctx)
        ctx:udp { bind = "127.0.0.1:0" }
        ctx:sleep(60e3)
        ended = true
      end),
    }
    local results = {}
    local one = b.resolver:resolve("slow.example", { type = "A" }, function(...)
      results[#results + 1] = { ... }
    end)
    local other = b.resolver:resolve("slow.example", { type = "A" }, function() end)
    b.world:advance(10)
    one:cancel()
    b.world:advance(10)
    assert.equal("ECANCELED", results[1][3])
    assert.equal(1, b.resolver.flights.count)
    other:cancel()
    b.world:advance(10)
    assert.equal(0, b.resolver.flights.count)
    assert.is_false(ended)
    assert.is_nil(next(b.world.sockets))
    assert.equal(0, b.resolver.scheduler.live)
  end)

  it("keeps an answer for its TTL and says so", function()
    local once = strategy("once", function(query)
      return query:answer({ a = "192.0.2.1" }, 30)
    end)
    local b = bed.open { once }
    assert.is_false(b:ask("a.example").cached)
    b.world:advance(20e3)
    local result = b:ask("a.example")
    assert.is_true(result.cached)
    assert.equal(10, result.addresses[1].ttl)
    assert.equal("once", result.addresses[1].strategy)
    b.world:advance(11e3)
    assert.is_false(b:ask("a.example").cached)
    assert.equal(2, once.calls)
  end)

  it("keeps questions with different purposes apart, in flight and in the cache", function()
    local mlx = require("mlxresolve")
    local fabric = strategy("fabric", function(query, ctx)
      ctx:sleep(5)
      return query:answer({ a = "198.51.100.1" }, 60)
    end)
    fabric.purpose = "tensor"
    local b = bed.open {
      mlx.use(fabric),
      strategy("plain", function(query, ctx)
        ctx:sleep(5)
        return query:answer({ a = "192.0.2.1" }, 60)
      end),
    }
    local function ask(purpose)
      local got
      local options = { type = "A", purpose = purpose }
      b.resolver:resolve("mini2.example", options, function(result)
        got = result.addresses[1].address .. (result.cached and " cached" or "")
      end)
      return function()
        return got
      end
    end
    local one, two = ask("tensor"), ask(nil)
    b.world:settle()
    assert.same({ "198.51.100.1", "192.0.2.1" }, { one(), two() })
    one, two = ask("tensor"), ask(nil)
    b.world:settle()
    assert.same({ "198.51.100.1 cached", "192.0.2.1 cached" }, { one(), two() })
  end)
end)
