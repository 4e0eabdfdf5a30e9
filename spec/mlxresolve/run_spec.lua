local bed = require("support.bed")

describe("mlxresolve.run", function()
  local strategy = bed.strategy

  it(
    "serves stale when all strategies fail and the policy allows it"
      .. " [RFC 8767 5: stale timers]",
    function()
      local healthy = true
      local b = bed.open({
        strategy("moody", function(query)
          if healthy then
            return query:answer({ a = "192.0.2.1" }, 10)
          end
          return nil, "down", "ENETDOWN"
        end),
      }, { cache = { stale = "1h" } })
      assert.equal("192.0.2.1", b:address("a.example"))
      healthy = false
      b.world:advance(60e3)
      local result = b:ask("a.example")
      assert.is_true(result.stale)
      assert.equal("192.0.2.1", result.addresses[1].address)
    end
  )

  it("fails when all strategies failed, and denies when nobody knows", function()
    local b = bed.open {
      strategy("down", function(query)
        if query.name == "down.example." then
          return nil, "no route", "ENETUNREACH"
        end
      end),
    }
    local _, message, code = b:ask("down.example")
    assert.equal("ENETUNREACH", code)
    assert.equal("down: no route", message)
    assert.equal("nxdomain", b:address("ghost.example"))
  end)

  it("told who asked first a TTL beyond the limits", function()
    local b = bed.open({
      strategy("long", function(query)
        return query:answer({ a = "192.0.2.1" }, query.name == "short.example." and 1 or 86400)
      end),
    }, { cache = { min_ttl = "5s", max_ttl = "1h" } })
    for name, ttl in pairs { ["long.example"] = 3600, ["short.example"] = 5 } do
      for _ = 1, 2 do
        local result = b:ask(name)
        assert.same({ ttl, ttl }, { result.addresses[1].ttl, result.records[1].ttl })
      end
      assert.is_true(b:ask(name).cached)
    end
  end)

  it("does not keep the verdict that nobody knows a name", function()
    local known = false
    local b = bed.open {
      strategy("late", function(query)
        return known and query:answer { a = "192.0.2.1" } or nil
      end),
    }
    assert.equal("nxdomain", b:address("new.local"))
    known = true
    assert.equal("192.0.2.1", b:address("new.local"))
  end)

  it("does not keep what a strategy with cache = false says", function()
    local plugin = strategy("fleeting", function(query)
      return query:answer({ a = "192.0.2.1" }, 30)
    end)
    plugin.cache = false
    local b = bed.open { require("mlxresolve").use(plugin) }
    b:ask("a.example")
    assert.is_false(b:ask("a.example").cached)
  end)

  it("kept an answer without a dead address for longer than that counts as dead", function()
    local two = strategy("two", function(query)
      return query:answer({ a = { "192.0.2.1", "192.0.2.2" } }, 3600)
    end)
    local function ttl(fields)
      local b = bed.open({ two }, fields)
      b.resolver.health:mark("a.example.", "192.0.2.1", "dead", "no answer")
      b.world:advance(20e3)
      assert.equal("192.0.2.2", b:address("a.example"))
      assert.equal("192.0.2.1", b:address("b.example"))
      local function of(name)
        return (select(2, b.resolver.cache:get(name, 1, b.world:now())))
      end
      return { of("a.example."), of("b.example.") }
    end
    assert.same({ 100, 3600 }, ttl())
    assert.same({ 30, 30 }, ttl { cache = { max_ttl = "30s" } })
  end)

  it("notes who was still at it at the deadline, of whom the trace said nothing", function()
    local mlx = require("mlxresolve")
    local function stuck(name)
      return strategy(name, function(query, ctx)
        if query.name == "stuck.example." then
          ctx:sleep("1h")
        end
      end)
    end
    local b = bed.open({
      strategy("quick", function() end),
      mlx.race { after = "0ms", mlx.use(stuck("one")), mlx.use(stuck("two")) },
      stuck("three"),
    }, { deadline = "2s" })
    local function tries(name)
      local found, _, _, details = b:ask(name, "A", { trace = true })
      local list = {}
      for i, try in ipairs((found or details).trace) do
        list[i] = ("%s %s %g"):format(try.strategy, try.result, try.ms)
      end
      return list
    end
    assert.same({ "quick pass 0", "one timeout 2000", "two timeout 2000" }, tries("stuck.example"))
    assert.same({ "quick pass 0", "one pass 0", "two pass 0", "three pass 0" }, tries("a.example"))
  end)

  it("notes nothing of another question that was given up in the middle", function()
    local b = bed.open({
      strategy("slow", function(query, ctx)
        ctx:sleep(query.name == "first.example." and 1000 or 5000)
      end),
      strategy("other", function(_, ctx)
        ctx:sleep("1h")
      end),
    }, { deadline = "3s" })
    b.resolver:resolve("first.example", { type = "A" }, function() end):cancel()
    b.world:advance(10)
    local request = b.resolver:resolve("first.example", { type = "A" }, function() end)
    b.world:advance(1500)
    request:cancel()
    b.world:advance(10)
    local _, _, _, details = b:ask("second.example", "A", { trace = true })
    assert.equal(1, #details.trace)
    assert.equal("slow", details.trace[1].strategy)
  end)

  it("ends at the policy's deadline, whatever a strategy waits for", function()
    local b = bed.open({
      strategy("stuck", function(_, ctx)
        while true do
          pcall(ctx.sleep, ctx, 1000)
          local ok = pcall(ctx.sleep, ctx, 1000)
          if not ok then
            error("gave in")
          end
        end
      end),
    }, { deadline = "2s" })
    local result, _, code = b:ask("a.example")
    assert.is_nil(result)
    assert.is_not_nil(code)
    assert.is_true(b.world:now() <= 3001)
  end)
end)
