local bed = require("support.bed")
local mlx = require("mlxresolve")

describe("mlxresolve.race", function()
  local strategy = bed.strategy

  it("races members, cancels the losers and notes them", function()
    local slow = strategy("slow", function(query, ctx)
      ctx:sleep(500)
      return query:answer { a = "192.0.2.1" }
    end)
    local quick = strategy("quick", function(query, ctx)
      ctx:sleep(20)
      return query:answer { a = "192.0.2.2" }
    end)
    local b = bed.open { mlx.race { after = "150ms", mlx.use(slow), mlx.use(quick) } }
    local result = b:ask("a.example", "A", { trace = true })
    assert.equal("192.0.2.2", result.addresses[1].address)
    assert.equal(170, result.ms)
    assert.same({ "quick", "slow" }, { result.trace[1].strategy, result.trace[2].strategy })
    assert.equal("cancelled", result.trace[2].result)
  end)

  it("ends a race at its own time and asks the next", function()
    local stuck = bed.strategy("stuck", function(_, ctx)
      ctx:sleep("1h")
    end)
    local b = bed.open {
      mlx.race { timeout = "100ms", mlx.use(stuck) },
      bed.strategy("next", function(query)
        return query:answer { a = "192.0.2.2" }
      end),
    }
    local result = b:ask("a.example", "A", { trace = true })
    assert.equal("192.0.2.2", result.addresses[1].address)
    assert.equal(100, result.ms)
    assert.equal("stuck", result.trace[1].strategy)
    assert.equal("cancelled", result.trace[1].result)
  end)

  it("ends with a denial by a member that knows, and goes on after one that passes", function()
    local function denies(query)
      return query:nxdomain(5)
    end
    local b = bed.open { mlx.race { mlx.use(strategy("knows", denies)) }, strategy("next", denies) }
    assert.equal("nxdomain", b:address("a.example"))
    local passing = strategy("passing", denies)
    passing.denials = "pass"
    b = bed.open {
      mlx.race { mlx.use(passing) },
      strategy("next", function(query)
        return query:answer { a = "192.0.2.2" }
      end),
    }
    assert.equal("192.0.2.2", b:address("a.example"))
  end)

  it("asks only members that fit", function()
    local elsewhere = strategy("elsewhere", function(query)
      return query:answer { a = "192.0.2.66" }
    end)
    elsewhere.zones = { "local" }
    local b = bed.open {
      mlx.race { mlx.use(elsewhere) },
      strategy("next", function(query)
        return query:answer { a = "192.0.2.2" }
      end),
    }
    assert.equal("192.0.2.2", b:address("a.example"))
    assert.equal(0, elsewhere.calls)
  end)
end)
