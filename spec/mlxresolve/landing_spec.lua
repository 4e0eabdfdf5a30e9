local bed = require("support.bed")

describe("mlxresolve.landing", function()
  local strategy = bed.strategy

  it("remembers what it did for who asks later", function()
    local b = bed.open {
      strategy("one", function(query)
        return query:answer { a = "192.0.2.1" }
      end),
    }
    b:ask("a.example")
    local entry = b.resolver.flights.history[1]
    assert.equal("a.example.", entry.name)
    assert.equal("answer", entry.status)
    assert.equal("one", entry.trace:list()[1].strategy)
  end)

  it("fails those who wait when the task died", function()
    local b = bed.open {
      strategy("slow", function(_, ctx)
        ctx:sleep(60e3)
      end),
    }
    local code
    b.resolver:resolve("a.example", { type = "A" }, function(...)
      code = select(3, ...)
    end)
    b.world:advance(5)
    b.resolver.scheduler:cancel(b.resolver.flights:find("a.example.", 1).task)
    b.world:advance(5)
    assert.equal("ECANCELED", code)
    assert.equal(0, b.resolver.flights.count)
  end)
end)
