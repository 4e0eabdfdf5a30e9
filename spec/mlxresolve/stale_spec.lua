local bed = require("support.bed")
local core = require("mlxresolve.core")
local replies = require("mlxresolve.replies")

local STALE = 3

describe("mlxresolve.stale", function()
  --- A strategy that answers with TTL 5 after `moody.delay` ms, or fails.
  local function moody_strategy()
    local moody = bed.strategy("moody", function(query, ctx)
      local self = query.moody
      ctx:sleep(self.delay)
      if self.is_down then
        return nil, "down", "ENETDOWN"
      end
      return query:answer({ a = "192.0.2." .. self.calls }, 5)
    end)
    moody.delay, moody.is_down = 0, false
    local resolve = moody.resolve
    function moody.resolve(this, query, ctx)
      query.moody = moody
      return resolve(this, query, ctx)
    end
    return moody
  end

  local function open(cache)
    local moody = moody_strategy()
    cache.stale = cache.stale or "1h"
    local b = bed.open({ moody }, { cache = cache })
    b.sent = {}
    b.resolver.front = {
      answer = function(_, slot, packet, code, text)
        b.sent[slot] = { packet = packet, code = code, text = text, at = b.world:now() }
      end,
      refuse = function(_, slot, rcode, code, text)
        b.sent[slot] = { rcode = rcode, code = code, text = text, at = b.world:now() }
      end,
      flush = function() end,
      client = function()
        return "127.0.0.1:4711"
      end,
    }
    function b.question(slot)
      replies.question(b.resolver, slot, "a.example.", 1)
    end
    b.question(1)
    b.world:settle()
    b.world:advance(10e3)
    return b, moody
  end

  local function address(sent)
    return core.answer.data(sent.packet)[1]
  end

  it(
    "waits for the chain first, and answers stale when the client's patience is over"
      .. " [RFC 8767 5: stale timers]",
    function()
      local b, moody = open {}
      moody.delay = 3000
      local asked_at = b.world:now()
      b.question(2)
      b.world:advance(1799)
      assert.is_nil(b.sent[2])
      b.world:advance(1)
      assert.same({ "192.0.2.1", STALE, 1800 }, {
        address(b.sent[2]),
        b.sent[2].code,
        b.sent[2].at - asked_at,
      })
      assert.equal(30, select(2, core.answer.read(b.sent[2].packet)))
    end
  )

  it("lets the question go on after a stale answer, once, and serves what it finds", function()
    local b, moody = open {}
    moody.delay = 3000
    b.question(2)
    b.world:advance(2000)
    b.question(3) -- late already: answered at once
    assert.equal(STALE, b.sent[3].code)
    b.world:settle()
    assert.equal(2, moody.calls)
    local packet = b.resolver.cache:get("a.example.", 1, b.world:now())
    assert.equal("192.0.2.2", core.answer.data(packet)[1])
  end)

  it("never serves stale while the chain answers in time", function()
    local b, moody = open {}
    moody.delay = 1700
    b.question(2)
    b.world:settle()
    assert.same({ "192.0.2.2" }, { address(b.sent[2]), b.sent[2].code })
  end)

  it("takes the policy's patience", function()
    local b, moody = open { stale_timer = "100ms" }
    moody.delay = 3000
    b.question(2)
    b.world:advance(100)
    assert.equal(STALE, b.sent[2].code)
  end)

  it("waits as long as it takes when nothing is known", function()
    local b, moody = open {}
    moody.delay = 3000
    replies.question(b.resolver, 2, "b.example.", 1)
    b.world:advance(2900)
    assert.is_nil(b.sent[2])
    b.world:settle()
    assert.is_nil(b.sent[2].code)
  end)

  it("answers at once in the immediate mode, and refreshes once", function()
    local b, moody = open { stale_mode = "immediate" }
    moody.delay = 500
    for slot = 2, 50 do
      b.question(slot)
      local sent = b.sent[slot]
      assert.same({ "192.0.2.1", STALE, "" }, { address(sent), sent.code, sent.text })
    end
    b.world:settle()
    assert.equal(2, moody.calls)
    b.question(51)
    assert.same({ "192.0.2.2" }, { address(b.sent[51]), b.sent[51].code })
  end)

  for _, mode in ipairs { "verify", "immediate" } do
    it(
      "asks again only 30 s after a failed refresh:  [RFC 8767 5: stale timers]" .. mode,
      function()
        local b, moody = open { stale_mode = mode }
        moody.is_down = true
        b.question(2)
        b.world:settle()
        assert.equal(STALE, b.sent[2].code)
        assert.equal(2, moody.calls)
        for slot = 3, 31 do
          b.world:advance(1000)
          b.question(slot)
          assert.equal(STALE, b.sent[slot].code)
        end
        assert.equal("moody: down", b.sent[31].text)
        assert.equal(2, moody.calls)
        b.world:advance(2000)
        b.question(32)
        b.world:settle()
        assert.equal(3, moody.calls)
      end
    )
  end

  it("tells the library too, and keeps what strategies ask waiting", function()
    local moody = moody_strategy()
    local alias = bed.strategy("alias", function(query, ctx)
      return query.name == "alias.example." and ctx:resolve("a.example.") or nil
    end)
    local b = bed.open({ alias, moody }, { cache = { stale = "1h" } })
    b:ask("a.example")
    b.world:advance(10e3)
    moody.delay = 3000
    local stale, whole
    local started = b.world:now()
    b.resolver:resolve("a.example", { type = "A" }, function(result)
      stale = { result.stale, result.addresses[1].address, b.world:now() - started }
    end)
    b.resolver:resolve("alias.example", { type = "A" }, function(result)
      whole = { result.stale, result.addresses[1].address, b.world:now() - started }
    end)
    b.world:settle()
    assert.same({ true, "192.0.2.1", 1800 }, stale)
    assert.same({ false, "192.0.2.2", 3000 }, whole)
    assert.equal(0, b.resolver.scheduler.live)
  end)

  it("came back as fresh in what a strategy made of it", function()
    for _, mode in ipairs { "immediate", "verify" } do
      local moody = moody_strategy()
      local maker = bed.strategy("maker", function(query, ctx)
        local old = query.name == "b.example." and ctx:resolve("a.example.")
        return old and query:answer(old:data(), 600) or nil
      end)
      local b = bed.open({ maker, moody }, { cache = { stale = "1h", stale_mode = mode } })
      b:ask("a.example")
      b.world:advance(10e3)
      moody.is_down = true
      assert.equal("192.0.2.1", b:address("b.example"))
      assert.is_nil((b.resolver.cache:get("b.example.", 1, b.world:now())))
      moody.is_down = false
      b.world:advance(60e3)
      for _ = 1, 2 do
        b:ask("b.example")
        b.world:settle()
      end
      assert.is_string((b.resolver.cache:get("b.example.", 1, b.world:now())))
    end
  end)

  it("went to those who want nothing of the cache, while the question was under way", function()
    local b, moody = open {}
    moody.delay = 3000
    local found
    b.resolver:resolve("a.example", { type = "A", fresh = true }, function(result)
      found = { result.stale, result.addresses[1].address }
    end)
    b.world:settle()
    assert.same({ false, "192.0.2.2" }, found)
  end)

  it("does not call an answer stale that a failed refresh left fresh", function()
    local b, moody = open {}
    b.question(2)
    b.world:settle()
    moody.is_down = true
    b.resolver.flights:refresh("a.example.", 1)
    b.world:settle()
    b.question(3)
    assert.same({ "192.0.2.2" }, { address(b.sent[3]), b.sent[3].code })
  end)
end)
