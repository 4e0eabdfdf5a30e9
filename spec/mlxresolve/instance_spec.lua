local bed = require("support.bed")
local mlx = require("mlxresolve")

describe("mlxresolve.instance", function()
  local function raising()
    return bed.strategy("broken", function()
      error("boom")
    end)
  end

  it("logs an error of a plugin with its traceback, and the chain goes on", function()
    local b = bed.open {
      raising(),
      bed.strategy("next", function(query)
        return query:answer({ a = "192.0.2.1" }, 0)
      end),
    }
    assert.equal("192.0.2.1", b:address("a.example"))
    assert.matches("error: plugin broken: .*boom.*traceback", b.world.lines[1])
  end)

  it("bypasses a plugin that keeps raising, and tries it again later", function()
    local broken = raising()
    local b = bed.open { broken }
    for i = 1, 8 do
      b:ask(("n%d.example"):format(i))
    end
    assert.equal(5, broken.calls)
    local result, _, _, details = b:ask("x.example", "A", { trace = true })
    local trace = (result or details).trace
    assert.equal("skipped", trace[1].result)
    b.world:advance(31e3)
    b:ask("y.example")
    assert.equal(6, broken.calls)
  end)

  it("bypasses a plugin of any kind that keeps raising, which the log only said", function()
    local calls = { answered = 0, rank = 0, retry = 0, network_changed = 0 }
    local function raising_in(what)
      return mlx.use {
        name = what,
        [what] = function()
          calls[what] = calls[what] + 1
          error("boom")
        end,
      }
    end
    local b = bed.open({
      bed.strategy("s", function(query)
        if query:under("down.") then
          return nil, "no route", "EHOSTUNREACH"
        end
        return query:answer({ a = { "192.0.2.1", "192.0.2.2" } }, 0)
      end),
    }, {
      observers = { raising_in("answered") },
      rankers = { raising_in("rank") },
      retries = { raising_in("retry") },
      reactions = { raising_in("network_changed") },
    })
    local reaction = b.resolver.chain.reactions[1]
    for i = 1, 8 do
      b:ask(("n%d.example"):format(i))
      b:ask(("n%d.down"):format(i))
      reaction:react {}
      b.world:advance(0)
    end
    assert.same({ answered = 5, rank = 5, retry = 5, network_changed = 5 }, calls)
    b.world:advance(31e3)
    b:ask("x.example")
    reaction:react {}
    b.world:advance(0)
    assert.same({ answered = 6, rank = 6, retry = 5, network_changed = 6 }, calls)
  end)

  it("gives each use its own fields and options", function()
    local plugin = {
      options = { greeting = { "string", default = "hello" } },
      resolve = function(self)
        self.count = (self.count or 0) + 1
      end,
    }
    local b = bed.open { bed.strategy("none", function() end) }
    local instances = require("mlxresolve.instance")
    local one =
      instances.new(b.resolver, { name = "one", plugin = plugin, options = { greeting = "a" } })
    local two =
      instances.new(b.resolver, { name = "two", plugin = plugin, options = { greeting = "b" } })
    one.plugin:resolve()
    one.plugin:resolve()
    two.plugin:resolve()
    assert.same({ 2, 1 }, { one.plugin.count, two.plugin.count })
    assert.same({ "a", "b" }, { one.plugin.options.greeting, two.plugin.options.greeting })
    assert.is_nil(rawget(plugin, "count"))
  end)

  it("lets what open starts live until close", function()
    local ticks, closed = 0, false
    local plugin = {
      name = "ticker",
      resolve = function() end,
      open = function(_, ctx)
        ctx:udp { bind = "127.0.0.1:0" }
        ctx:spawn(function()
          while true do
            ctx:sleep(100)
            ticks = ticks + 1
          end
        end)
      end,
      close = function()
        closed = true
      end,
    }
    local b = bed.open { mlx.use(plugin) }
    b.world:advance(1050)
    assert.equal(10, ticks)
    assert.is_not_nil(next(b.world.sockets))
    b.resolver:close()
    b.world:advance(1000)
    assert.equal(10, ticks)
    assert.is_true(closed)
    assert.is_nil(next(b.world.sockets))
    assert.equal(0, b.resolver.scheduler.live)
  end)

  it("ends reactions that are still at work when the resolver is closed", function()
    local began, ended = 0, 0
    local plugin = {
      name = "slow",
      network_changed = function(_, _, ctx)
        began = began + 1
        ctx:all {
          function()
            ctx:sleep(began == 1 and 10 or 60e3)
          end,
        }
        ended = ended + 1
      end,
    }
    local b = bed.open(
      { bed.strategy("none", function() end) },
      { reactions = { mlx.use(plugin) } }
    )
    for _ = 1, 2 do
      b.world:network { { type = "link_removed", index = 2, interface = "eth0" } }
      b.world:advance(3000)
    end
    assert.same({ 2, 1 }, { began, ended })
    b.resolver:close()
    b.world:advance(1000)
    assert.equal(0, b.resolver.scheduler.live)
    assert.equal(1, ended)
  end)
end)
