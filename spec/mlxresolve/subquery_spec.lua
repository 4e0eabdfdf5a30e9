local bed = require("support.bed")

describe("mlxresolve.subquery", function()
  local strategy = bed.strategy

  it("fails with ELOOP when a name would wait for itself", function()
    local code
    local b = bed.open {
      strategy("loop", function(_, ctx)
        local answer, _, problem = ctx:resolve("a.example.")
        code = problem
        return answer
      end),
    }
    assert.equal("nxdomain", b:address("a.example"))
    assert.equal("ELOOP", code)
  end)

  it("fails with ELOOP when two questions would wait for each other", function()
    local codes = {}
    local other = { ["a.example."] = "b.example.", ["b.example."] = "a.example." }
    local b = bed.open {
      strategy("cross", function(query, ctx)
        ctx:sleep(10)
        local answer, _, code = ctx:resolve(other[query.name])
        codes[#codes + 1] = code
        return answer
      end),
    }
    local done = 0
    for name in pairs(other) do
      b.resolver:resolve(name, { type = "A" }, function()
        done = done + 1
      end)
    end
    b.world:settle(nil, 4000)
    assert.equal(2, done)
    assert.equal("ELOOP", codes[1])
  end)

  it("ends a chain of ever new names at eight", function()
    local deepest = 0
    local b = bed.open {
      strategy("down", function(query, ctx)
        local n = tonumber(query.name:match("^n(%d+)"))
        deepest = math.max(deepest, n)
        return ctx:resolve(("n%d.example."):format(n + 1))
      end),
    }
    b:ask("n0.example")
    assert.equal(8, deepest)
  end)

  it("joins a flight that is under way", function()
    local slow = strategy("slow", function(query, ctx)
      if query.name == "target.example." then
        ctx:sleep(100)
        return query:answer { a = "192.0.2.7" }
      end
      return ctx:resolve("target.example.")
    end)
    local b = bed.open { slow }
    local got = {}
    for _, name in ipairs { "target.example", "x.example", "y.example" } do
      b.resolver:resolve(name, { type = "A" }, function(result)
        got[name] = result.addresses[1].address
      end)
    end
    b.world:settle()
    assert.equal(3, slow.calls)
    assert.equal("192.0.2.7", got["x.example"])
    assert.equal("192.0.2.7", got["y.example"])
  end)

  it("answers from the cache without a flight", function()
    local b = bed.open {
      strategy("known", function(query, ctx)
        if query.name == "target.example." then
          return query:answer({ a = "192.0.2.7" }, 60)
        end
        return ctx:resolve("target.example.")
      end),
    }
    b:ask("target.example")
    local before = b.resolver.flights.started
    assert.equal("192.0.2.7", b:address("x.example"))
    assert.equal(before + 1, b.resolver.flights.started)
  end)
end)
