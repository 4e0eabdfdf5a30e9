local bed = require("support.bed")

describe("mlxresolve.context", function()
  --- Runs `fn(ctx, query)` as a strategy, and returns what it returned.
  local function inside(fn, prepare)
    local got
    local b = bed.open {
      bed.strategy("probe", function(query, ctx)
        got = { fn(ctx, query) }
        return query:answer { a = "192.0.2.1" }
      end),
    }
    if prepare then
      prepare(b)
    end
    local result = b:ask("a.example", "A", { trace = true })
    return got, b, result
  end

  it("asks one server and gives its answer or its failure", function()
    local got, b = inside(function(ctx, query)
      local answer = ctx:exchange("192.0.2.53", query)
      local _, message, code = ctx:exchange("192.0.2.99", query, { timeout = 50 })
      return answer:data()[1], message, code
    end, function(b)
      b.world.servers["192.0.2.53"] = bed.server({ ["a.example."] = "192.0.2.7" }).answer
    end)
    assert.same({ "192.0.2.7", "no answer from 192.0.2.99", "ETIMEOUT" }, got)
    assert.equal(2, #b.world.asked)
  end)

  it("looks names up natively", function()
    local got = inside(function(ctx)
      local addresses = ctx:native("a.example.", 4)
      local _, _, code = ctx:native("b.example.")
      return addresses[1], code
    end, function(b)
      b.world.names["a.example."] = { "192.0.2.8", "2001:db8::8" }
    end)
    assert.same({ "192.0.2.8", "ENOTFOUND" }, got)
  end)

  it("forgets a native name when the lookup has ended", function()
    local _, b = inside(function(ctx)
      ctx:native("a.example.", 4)
    end)
    assert.is_nil(next(b.resolver.native_names))
  end)

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

  it("makes questions of its own", function()
    local got, b = inside(function(ctx)
      local query = ctx:query("B.example", "PTR")
      ctx:exchange("192.0.2.53", query, { timeout = 10 })
      local ok, problem = pcall(ctx.query, ctx, "b.example", "PRT")
      return query.name, query.type, ok, problem
    end)
    assert.same({ "b.example.", "PTR", false }, { unpack(got, 1, 3) })
    assert.matches('expected a type such as "A", got PRT', got[4])
    assert.equal(12, b.world.asked[1].type)
  end)

  it("runs programs, and gives them up in time", function()
    local got, b = inside(function(ctx)
      local code, out, err = ctx:run { "greet", "you" }
      local _, message, reason = ctx:run({ "greet", "all" }, { timeout = 5 })
      local _, absent = ctx:run { "other" }
      return code, out, err, message, reason, absent
    end, function(b)
      b.world.programs.greet = function(argv)
        return 2, "hello " .. argv[2], "hm", 10
      end
    end)
    assert.same({
      2,
      "hello you",
      "hm",
      "greet: did not end within 5 ms",
      "ETIMEOUT",
      "other: no such file or directory",
    }, got)
    assert.is_false(b.world.ran[2].is_over)
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
