local bed = require("support.bed")
local mlx = require("mlxresolve")

describe("mlxresolve.resolver.changes", function()
  local function known(query)
    return query:answer({ a = "192.0.2.1", aaaa = "2001:db8::1" }, 60)
  end

  it("drops entries of strategies that a new policy does not have", function()
    local b = bed.open { bed.strategy("known", known) }
    b:ask("a.example")
    local policy = assert(
      require("mlxresolve.policy").load(
        mlx.policy { strategies = { mlx.use(bed.strategy("other", function() end)) } },
        { world = b.world }
      )
    )
    b.resolver:replace_policy(policy)
    assert.equal("nxdomain", b:address("a.example"))
  end)

  describe("a question that was under way", function()
    local b, results, fate

    local function policy_of(strategy)
      local wanted = mlx.policy { strategies = { mlx.use(strategy) } }
      return assert(require("mlxresolve.policy").load(wanted, { world = b.world }))
    end

    local function ask()
      b.resolver:resolve("a.example", { type = "A" }, function(result, _, code)
        results[#results + 1] = result and result.addresses[1].address or code
      end)
    end

    before_each(function()
      results = {}
      b = bed.open {
        bed.strategy("old", function(query, ctx)
          ctx:sleep(1000)
          return fate(query)
        end),
      }
      ask()
    end)

    local function replace()
      b.world:advance(100)
      b.resolver:replace_policy(policy_of(bed.strategy("new", function(query)
        return query:answer({ a = "192.0.2.2" }, 60)
      end)))
    end

    function fate(query)
      return query:answer({ a = "192.0.2.1" }, 60)
    end

    it("answered those who asked a policy that does not have its strategy", function()
      replace()
      ask()
      b.world:advance(0)
      assert.same({ "192.0.2.2" }, results)
      b.world:settle()
      assert.same({ "192.0.2.2", "192.0.2.1" }, results)
    end)

    it("left the answer of a strategy that is gone in the cache", function()
      replace()
      b.world:settle()
      assert.same({ "192.0.2.1" }, results)
      assert.equal("192.0.2.2", b:address("a.example"))
    end)

    it("went on to strategies that had been closed", function()
      local closed, asked_closed = false, false
      local function closing(name, fn)
        return bed.strategy(name, function(query, ctx)
          asked_closed = asked_closed or closed
          return fn(query, ctx)
        end, {
          close = function()
            closed = true
          end,
        })
      end
      for _, fails in ipairs { true, false } do
        closed, results = false, {}
        local retry = {
          name = "retry",
          retry = function()
            return 200
          end,
        }
        b = bed.open({
          closing("first", function(_, ctx)
            ctx:sleep(1000)
            if fails then
              return nil, "down", "EDOWN"
            end
          end),
          closing("second", function() end),
        }, { retries = { mlx.use(retry) } })
        ask()
        replace()
        b.world:settle()
        assert.is_false(asked_closed)
        assert.same({ "192.0.2.2" }, results)
      end
    end)

    it("left a failure that another policy has not met", function()
      fate = function()
        return nil, "down", "EDOWN"
      end
      replace()
      b.world:settle()
      assert.same({ "192.0.2.2" }, results)
      assert.equal("192.0.2.2", b:address("a.example"))
    end)
  end)

  it("tells the reactions of a change of the network, and forgets failures", function()
    local told = {}
    local reaction = {
      name = "note",
      network_changed = function(_, change)
        told[#told + 1] = change
      end,
    }
    local calls = 0
    local b = bed.open({
      bed.strategy("down", function()
        calls = calls + 1
        return nil, "no route", "ENETUNREACH"
      end),
    }, { reactions = { mlx.use(reaction) } })
    b:ask("a.example")
    b:ask("a.example")
    assert.equal(1, calls)
    b.world:network { { type = "link_removed", index = 2, interface = "eth0" } }
    b.world:advance(1000)
    assert.is_true(#told > 0)
    b:ask("a.example")
    assert.equal(2, calls)
  end)

  it("ends reactions that take their time with the resolver", function()
    local began, ended
    local reaction = {
      name = "slow",
      network_changed = function(_, _, ctx)
        began = true
        ctx:sleep(3600e3)
        ended = true
      end,
    }
    local b = bed.open({ bed.strategy("known", known) }, { reactions = { mlx.use(reaction) } })
    b.world:network { { type = "link_removed", index = 2, interface = "eth0" } }
    b.world:advance(1000)
    b.resolver:close()
    b.world:settle()
    assert.same({ true, nil, 0 }, { began, ended, b.resolver.scheduler.live })
  end)

  it("goes by the policy's times and interfaces", function()
    local told = 0
    local reaction = {
      name = "note",
      network_changed = function()
        told = told + 1
      end,
    }
    local b = bed.open({ bed.strategy("known", known) }, {
      reactions = { mlx.use(reaction) },
      network = { settle = "50ms", ignore = { "x*" } },
    })
    b.world:network { { type = "link_removed", index = 3, interface = "x9" } }
    b.world:advance(1000)
    assert.equal(0, told)
    b.world:network { { type = "link_removed", index = 2, interface = "eth0" } }
    b.world:advance(50)
    assert.equal(1, told)
  end)

  it("cannot reload what came from no file", function()
    local b = bed.open { bed.strategy("known", known) }
    local _, message, code = b.resolver:reload()
    assert.equal("ENOTSUP", code)
    assert.equal("this policy came from no file", message)
  end)
end)
