local bed = require("support.bed")
local replies = require("mlxresolve.replies")

describe("mlxresolve.patience", function()
  local b, slow, results

  local function open(delay, fields)
    slow = bed.strategy("slow", function(query, ctx)
      ctx:sleep(slow.delay)
      return query:answer({ a = "192.0.2." .. slow.calls }, 5)
    end)
    slow.delay = delay
    b = bed.open({ slow }, fields)
    results = {}
  end

  --- Asks; results[label] becomes the address or the code, and the ms that it took.
  local function ask(label, timeout, options)
    options = options or {}
    options.type, options.timeout = "A", timeout
    local started = b.world:now()
    b.resolver:resolve("a.example", options, function(result, _, code, details)
      local told = result or details
      results[label] = {
        result and result.addresses[1].address or code,
        b.world:now() - started,
        told.trace and #told.trace,
      }
    end)
  end

  it("of one who waits briefly ended the question for those who wait longer", function()
    open(1000)
    ask("short", "100ms")
    ask("long")
    b.world:settle()
    assert.same({ short = { "ETIMEOUT", 100 }, long = { "192.0.2.1", 1000 } }, results)
    assert.equal(1, slow.calls)
  end)

  it("was that of those who had asked before", function()
    open(1000)
    ask("long")
    b.world:advance(50)
    ask("short", "100ms")
    b.world:settle()
    assert.same({ short = { "ETIMEOUT", 100 }, long = { "192.0.2.1", 1000 } }, results)
    assert.equal(1, slow.calls)
  end)

  it("ends the question with the last who waits", function()
    open(1000)
    ask("one", "100ms")
    ask("two", "200ms")
    b.world:advance(150)
    assert.equal(1, b.resolver.flights.count)
    b.world:advance(50)
    assert.same({ one = { "ETIMEOUT", 100 }, two = { "ETIMEOUT", 200 } }, results)
    assert.equal(0, b.resolver.flights.count)
    assert.equal(0, b.resolver.scheduler.live)
  end)

  it("counts no more once there is an answer, or the caller has gone", function()
    open(50)
    ask("one", "100ms")
    b.resolver:resolve("b.example", { type = "A", timeout = "100ms" }, function() end):cancel()
    b.world:settle()
    assert.same({ one = { "192.0.2.1", 50 } }, results)
    assert.equal(0, b.resolver.scheduler.timers.count)
  end)

  it("takes what ran out, where the policy serves that", function()
    open(0, { cache = { stale = "1h" } })
    ask("first")
    b.world:advance(10e3)
    slow.delay = 1000
    ask("second", "100ms")
    b.world:settle()
    assert.same({ first = { "192.0.2.1", 0 }, second = { "192.0.2.1", 100 } }, results)
  end)

  it("says who was still at it, to nobody else", function()
    open(1000)
    ask("short", "100ms", { trace = true })
    ask("long", nil, { trace = true })
    b.world:settle()
    assert.same({ short = { "ETIMEOUT", 100, 1 }, long = { "192.0.2.1", 1000, 1 } }, results)
  end)

  it("of one who waits for long is not that of others", function()
    open(10e3, { deadline = "2s" })
    b.resolver.front = {
      refuse = function(_, slot)
        results[slot] = b.world:now()
      end,
      flush = function() end,
    }
    ask("long", "20s")
    ask("other")
    local started = b.world:now()
    replies.question(b.resolver, 2, "a.example.", 1)
    b.world:settle()
    assert.same({ "ETIMEOUT", 2000 }, results.other)
    assert.equal(started + 2000, results[2])
    assert.equal(10e3, results.long[2])
  end)

  it("is as long as the question's own time, which then has failed for all", function()
    for _, timeout in ipairs { "2s", "20s" } do
      open(60e3, { deadline = "2s" })
      ask("one", timeout)
      b.world:settle()
      assert.equal("ETIMEOUT", results.one[1])
      assert.equal(1, b.resolver.failures.count)
    end
  end)

  it("is short without a network, too", function()
    open(1000)
    b.resolver.is_offline = function()
      return true
    end
    ask("one", "100ms")
    b.world:settle()
    assert.same({ "ENETDOWN", 100 }, results.one)
  end)
end)
