local bed = require("support.bed")
local context_bed = require("support.context_bed")

describe("mlxresolve.context", function()
  local inside = context_bed.inside

  it("sleeps for durations in words, and raises for others", function()
    local got = inside(function(ctx)
      local before = ctx:now()
      ctx:sleep("150ms")
      local ok, problem = pcall(ctx.sleep, ctx, "2 sec")
      return ctx:now() - before, ok, problem
    end)
    assert.equal(150, got[1])
    assert.is_false(got[2])
    assert.matches("expected a duration", got[3])
  end)

  it("receives datagrams, and gives up in time", function()
    local got, b = inside(function(ctx)
      local socket = ctx:udp { bind = "0.0.0.0:0" }
      socket:send("ping", "192.0.2.1:9")
      local data, from, port = socket:receive(100)
      local _, _, code = socket:receive(100)
      return data, from, port, code
    end, function(b)
      b.world.on_send = function(sent)
        b.world:deliver(sent.socket, 5, "pong", "192.0.2.1", 9)
      end
    end)
    assert.same({ "pong", "192.0.2.1", 9, "ETIMEOUT" }, got)
    assert.is_nil(next(b.world.sockets))
  end)

  it("forgets what a plugin that works on has closed again", function()
    local b = bed.open {
      bed.strategy("s", function() end, {
        open = function(_, ctx)
          ctx:spawn(function()
            for _ = 1, 1000 do
              ctx:udp({ bind = "0.0.0.0:0" }):close()
              ctx:spawn(function() end)
              ctx:sleep(1)
            end
          end)
        end,
      }),
    }
    b.world:advance(5000)
    local opened = b.resolver.chain.steps[1].instance.owned
    assert.is_true(#opened <= 40, #opened .. " things are remembered")
  end)

  it("reads and writes streams", function()
    local got = inside(function(ctx)
      local stream = ctx:connect("/run/service")
      stream:write("hello\n")
      local reply, rest = stream:read(), stream:read()
      local _, _, code = ctx:connect("192.0.2.1:22")
      return reply, rest, code
    end, function(b)
      b.world.targets["/run/service"] = function(data, incoming)
        incoming[#incoming + 1] = "you said " .. data
      end
    end)
    assert.same({ "you said hello\n", "", "ECONNREFUSED" }, got)
  end)

  it("runs functions side by side", function()
    local got = inside(function(ctx)
      local winner = ctx:race {
        function()
          ctx:sleep(50)
          return "slow"
        end,
        function()
          ctx:sleep(5)
          return "quick"
        end,
      }
      local results = ctx:all {
        function()
          return 1
        end,
        function()
          return 2
        end,
      }
      return winner, results[1][1], results[2][1]
    end)
    assert.same({ "quick", 1, 2 }, got)
  end)

  it("says at once that what is to run is no function", function()
    local got = inside(function(ctx)
      local problems = {}
      for _, wrong in ipairs { "x", { 5, 6 }, 5 } do
        for _, word in ipairs { "race", "all", "spawn" } do
          local ok, problem = pcall(ctx[word], ctx, wrong)
          problems[#problems + 1] = ok and word or problem:gsub("^.-: ctx", "ctx")
        end
      end
      return unpack(problems)
    end)
    assert.same({
      "ctx:race: expected a list of functions, got a string",
      "ctx:all: expected a list of functions, got a string",
      "ctx:spawn: expected a function, got a string",
      "ctx:race: expected a list of functions, got a number at place 1",
      "ctx:all: expected a list of functions, got a number at place 1",
      "ctx:spawn: expected a function, got a table",
      "ctx:race: expected a list of functions, got a number",
      "ctx:all: expected a list of functions, got a number",
      "ctx:spawn: expected a function, got a number",
    }, got)
  end)

  it("says what it expects, for what it cannot use, at the plugin's own line", function()
    local got = inside(function(ctx, query)
      local problems = {}
      for _, call in ipairs {
        { "log", "the level is missing" },
        { "udp" },
        { "udp", { bnd = "0.0.0.0:0" } },
        { "connect" },
        { "run", "ls -l" },
        { "run", {} },
        { "native", "localhost", "ipv4" },
        { "resolve" },
        { "query" },
        { "query", "a.example", 28 },
        { "exchange", "192.0.2.53" },
        { "exchange", "192.0.2.53", "a.example" },
        { "exchange", "192.0.2.53", query, { timeout = "soon" } },
        { "exchange", "192.0.2.53", query, { timeout = 0 / 0 } },
        { "exchange", "192.0.2.53", query, { timeout = -1 } },
      } do
        local ok, problem = pcall(function()
          ctx[call[1]](ctx, unpack(call, 2, 4))
        end)
        problems[#problems + 1] = ok and call[1] or problem
      end
      return unpack(problems)
    end)
    assert.equal(15, #got)
    for _, problem in ipairs(got) do
      assert.matches("^spec/mlxresolve/context_spec.lua:%d+: ctx:%l+: ", problem)
    end
  end)

  it("takes a time in words for an exchange", function()
    local got = inside(function(ctx, query)
      local before = ctx:now()
      local _, _, code = ctx:exchange("192.0.2.53", query, { timeout = "300ms" })
      return code, ctx:now() - before
    end)
    assert.same({ "ETIMEOUT", 300 }, got)
  end)

  it("ends what a call has spawned with the call", function()
    local ticks = 0
    local _, b = inside(function(ctx)
      ctx:spawn(function()
        while true do
          ctx:sleep(10)
          ticks = ticks + 1
        end
      end)
      ctx:sleep(35)
    end)
    b.world:advance(1000)
    assert.equal(3, ticks)
  end)

  it("puts notes into the trace of its own try, from racing functions too", function()
    local _, _, result = inside(function(ctx)
      ctx:note("first")
      ctx:all {
        function()
          ctx:note("second")
        end,
      }
    end)
    assert.equal("first, second", result.trace[1].detail)
  end)

  it("keeps and finds answers in the cache", function()
    local got, b = inside(function(ctx, query)
      ctx.cache:put(query:with("other.example"):answer({ a = "192.0.2.44" }, 60))
      return ctx.cache:get("other.example", "A"):data()[1],
        ctx.cache:flush { name = "other.example" }
    end)
    assert.same({ "192.0.2.44", 1 }, got)
    assert.equal(1, b.resolver.cache:stats().entries)
  end)
end)
