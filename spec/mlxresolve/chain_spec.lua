local bed = require("support.bed")

describe("mlxresolve.chain", function()
  local strategy = bed.strategy

  local function gives(address)
    return function(query)
      return query:answer({ a = address }, 60)
    end
  end

  local function nothing() end

  it("asks in the policy's order and stops at the first answer", function()
    local first, second = strategy("first", gives("192.0.2.1")), strategy("second", nothing)
    local b = bed.open { first, second }
    assert.equal("192.0.2.1", b:address("a.example"))
    assert.equal(0, second.calls)
  end)

  it("asks the next strategy when one passes, fails, raises, stalls or returns rubbish", function()
    local bad = {
      pass = nothing,
      fail = function()
        return nil, "no luck", "EHOSTUNREACH"
      end,
      raise = function()
        error("boom")
      end,
      stall = function(_, ctx)
        ctx:sleep("1h")
      end,
      rubbish = function()
        return { "192.0.2.66" }
      end,
      number = function()
        return 42
      end,
    }
    for name, fn in pairs(bad) do
      local b = bed.open {
        require("mlxresolve").use(strategy(name, fn, { timeout = "100ms" })),
        strategy("next", gives("192.0.2.2")),
      }
      local result = b:ask("a.example", "A", { trace = true })
      assert.equal("192.0.2.2", result.addresses[1].address, name)
      assert.equal("next", result.addresses[1].strategy)
      assert.equal(name, result.trace[1].strategy)
      local expected = { pass = "pass", fail = "failed", stall = "timeout" }
      assert.equal(expected[name] or "error", result.trace[1].result)
    end
  end)

  it("says which strategy failed, and why", function()
    local b = bed.open {
      strategy("broken", function()
        return nil, "the cable is out", "ENETDOWN"
      end),
      strategy("next", gives("192.0.2.2")),
    }
    local result = b:ask("a.example", "A", { trace = true })
    assert.equal("the cable is out", result.trace[1].detail)
  end)

  it("asks only strategies whose zones, exceptions and types fit", function()
    local mlx = require("mlxresolve")
    local local_only = strategy("local_only", gives("192.0.2.1"))
    local not_corp = strategy("not_corp", gives("192.0.2.2"))
    local quad = strategy("quad", function(query)
      return query:answer { aaaa = "2001:db8::1" }
    end)
    local function with(plugin, fields)
      for key, value in pairs(fields) do
        plugin[key] = value
      end
      return mlx.use(plugin)
    end
    local b = bed.open {
      with(quad, { types = { "AAAA" } }),
      with(local_only, { zones = { "local" } }),
      with(not_corp, { except = { "corp.example" } }),
    }
    assert.equal("192.0.2.1", b:address("mini2.local"))
    assert.equal("192.0.2.2", b:address("a.example"))
    assert.equal("EREFUSED", b:address("db.corp.example"))
    assert.equal("2001:db8::1", b:address("db.corp.example", "AAAA"))
    assert.equal("192.0.2.2", b:address("notlocal"))
  end)

  it("denies names that its plugins never ask for, those of a race among them", function()
    local b = bed.policy('strategies = { mlx.race { after = "1s", use("dns") } }')
    assert.equal("nxdomain", b:address("a.onion"))
    b = bed.policy('strategies = { use("dns", { zones = { "example" } }) }')
    assert.equal("EREFUSED", b:address("a.onion"))
  end)

  it("ends at a denial, unless the strategy's denials pass", function()
    local mlx = require("mlxresolve")
    local function denies(query)
      return query:nxdomain(5)
    end
    local b = bed.open { strategy("knows", denies), strategy("next", gives("192.0.2.2")) }
    assert.equal("nxdomain", b:address("a.example"))
    local passing = strategy("knows", denies)
    passing.denials = "pass"
    b = bed.open { mlx.use(passing), strategy("next", gives("192.0.2.2")) }
    assert.equal("192.0.2.2", b:address("a.example"))
    passing = strategy("knows", denies)
    passing.denials = "pass"
    b = bed.open { mlx.use(passing), strategy("next", nothing) }
    assert.equal("nxdomain", b:address("a.example"))
  end)

  it("runs another pass when a retry policy says so, within the deadline", function()
    local times = {}
    local failing
    failing = strategy("flaky", function(query, ctx)
      times[#times + 1] = ctx:now() - 1000
      if failing.calls < 3 then
        return nil, "not yet", "EHOSTUNREACH"
      end
      return query:answer { a = "192.0.2.3" }
    end)
    local retry = {
      name = "steady",
      retry = function(_, failure)
        return failure.attempt < 5 and 200 or nil
      end,
    }
    local b = bed.open({ failing }, { retries = { require("mlxresolve").use(retry) } })
    assert.equal("192.0.2.3", b:address("a.example"))
    assert.same({ 0, 200, 400 }, times)
  end)

  it("does not run another pass for a name that nobody knows", function()
    local asked = 0
    local b = bed.open({
      strategy("quiet", function()
        asked = asked + 1
        return nil, "silence", "ENOTFOUND"
      end),
    }, {
      retries = {
        require("mlxresolve").use {
          name = "eager",
          retry = function()
            return 1
          end,
        },
      },
    })
    assert.equal("nxdomain", b:address("ghost.local"))
    assert.equal(1, asked)
  end)

  it("gives the rest of the chain to a strategy that asks for it", function()
    local b = bed.open {
      strategy("upper", function(query, ctx)
        local answer, message, code = ctx:next()
        if not answer then
          return nil, message, code
        end
        return query:answer { a = "192.0.2.9" }
      end),
      strategy("lower", gives("192.0.2.2")),
    }
    assert.equal("192.0.2.9", b:address("a.example"))
  end)

  it("puts a CNAME before an answer for another owner", function()
    local b = bed.open {
      strategy("redirect", function(query, ctx)
        if query.name == "gpu2." then
          return ctx:resolve("mini2.local.")
        end
      end),
      strategy("known", function(query)
        if query.name == "mini2.local." then
          return query:answer { a = "192.0.2.15" }
        end
      end),
    }
    local result = b:ask("gpu2", "A")
    assert.equal("192.0.2.15", result.addresses[1].address)
    assert.same({ "CNAME mini2.local.", "A 192.0.2.15" }, {
      result.records[1].type .. " " .. result.records[1].data,
      result.records[2].type .. " " .. result.records[2].data,
    })
  end)

  it("keeps the instances of unchanged strategies when the policy is replaced", function()
    local mlx = require("mlxresolve")
    local opened, closed = {}, {}
    local function plugin(name, extra)
      return mlx.use {
        name = name,
        zones = extra,
        resolve = function() end,
        open = function()
          opened[#opened + 1] = name
        end,
        close = function()
          closed[#closed + 1] = name
        end,
      }
    end
    local kept, dropped = plugin("kept"), plugin("dropped")
    local b = bed.open { kept, dropped }
    local policy = assert(
      require("mlxresolve.policy").load(
        mlx.policy { strategies = { kept, plugin("new") } },
        { world = b.world }
      )
    )
    b.resolver:replace_policy(policy)
    b.world:settle()
    assert.same({ "kept", "dropped", "new" }, opened)
    assert.same({ "dropped" }, closed)
  end)
end)
