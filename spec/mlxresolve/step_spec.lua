local bed = require("support.bed")
local mlx = require("mlxresolve")

describe("mlxresolve.step", function()
  it("keeps a plugin's own exceptions, unless the policy's zones name them", function()
    local function dns_like(zones)
      local plugin = bed.strategy("dns_like", function(query)
        return query:answer { a = "192.0.2.1" }
      end)
      plugin.zones = zones
      local node = mlx.use(plugin)
      local b = bed.open { node }
      b.resolver.chain.steps[1].node.plugin.except = { "local." }
      b.resolver:replace_policy(b.resolver.policy)
      return b
    end
    assert.equal("nxdomain", dns_like(nil):address("mini2.local"))
    assert.equal("EREFUSED", dns_like({ "example" }):address("mini2.local"))
    assert.equal("192.0.2.1", dns_like({ "local" }):address("mini2.local"))
    assert.equal("192.0.2.1", dns_like({ "site.local" }):address("x.site.local"))
  end)

  it("retries one strategy within the pass when its own retry says so", function()
    local flaky
    flaky = bed.strategy("flaky", function(query)
      if flaky.calls < 3 then
        return nil, "not yet", "ECONNREFUSED"
      end
      return query:answer { a = "192.0.2.1" }
    end)
    flaky.retry = mlx.use {
      name = "twice",
      retry = function(_, failure)
        return failure.attempt <= 2 and 10 or nil
      end,
    }
    local other = bed.strategy("other", function() end)
    local b = bed.open { mlx.use(flaky), other }
    local result = b:ask("a.example", "A", { trace = true })
    assert.equal("192.0.2.1", result.addresses[1].address)
    assert.equal(3, #result.trace)
    assert.equal(0, other.calls)
  end)

  it("pauses between passes also for a retry policy that wants none", function()
    local failing = bed.strategy("failing", function()
      return nil, "no", "EX"
    end)
    local eager = mlx.use {
      name = "eager",
      retry = function()
        return 0
      end,
    }
    local b = bed.open({ failing }, { retries = { eager }, deadline = "1s" })
    b:ask("a.example")
    assert.is_true(failing.calls > 50 and failing.calls <= 101, failing.calls)
  end)

  it("counts rubbish of a retry policy as its error", function()
    for _, rubbish in ipairs { "soon", -5, 0 / 0, {} } do
      local failing = bed.strategy("failing", function()
        return nil, "no", "EX"
      end)
      local wrong = mlx.use {
        name = "wrong",
        retry = function()
          return rubbish
        end,
      }
      local b = bed.open({ failing }, { retries = { wrong } })
      b:ask("a.example")
      assert.equal(1, failing.calls)
      assert.matches("expected ms from 0 on", b.resolver:status().retries[1].last_error)
    end
  end)

  it("keeps the limits that a strategy sets for the cache", function()
    local plugin = bed.strategy("short", function(query)
      return query:answer({ a = "192.0.2.1" }, 3600)
    end)
    plugin.cache = { max_ttl = "5s" }
    local b = bed.open { mlx.use(plugin) }
    b:ask("a.example")
    assert.is_true(b:ask("a.example").addresses[1].ttl <= 5)
    b.world:advance(6e3)
    assert.is_false(b:ask("a.example").cached)
  end)
end)
