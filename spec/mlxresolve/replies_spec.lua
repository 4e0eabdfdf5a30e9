local bed = require("support.bed")
local core = require("mlxresolve.core")
local replies = require("mlxresolve.replies")

describe("mlxresolve.replies", function()
  --- A front that notes what it is told.
  local function front()
    return {
      sent = {},
      answer = function(self, slot, packet, code, text)
        -- the core's own checks: a false where nothing is meant once ended the daemon
        assert(code == nil or type(code) == "number")
        assert(text == nil or type(text) == "string")
        self.sent[slot] = { packet = packet, code = code, text = text }
      end,
      refuse = function(self, slot, rcode, code, text)
        self.sent[slot] = { rcode = rcode, code = code, text = text }
      end,
      flush = function() end,
      client = function()
        return "127.0.0.1:4711"
      end,
    }
  end

  local function serve(strategies, fields)
    local b = bed.open(strategies, fields)
    b.front = front()
    b.resolver.front = b.front
    return b
  end

  local function question(b, slot, name)
    replies.question(b.resolver, slot, name, 1)
  end

  it("answers every client of one flight", function()
    local slow = bed.strategy("slow", function(query, ctx)
      ctx:sleep(50)
      return query:answer { a = "192.0.2.1" }
    end)
    local b = serve { slow }
    for slot = 1, 500 do
      question(b, slot, "slow.example.")
    end
    b.world:settle()
    assert.equal(1, slow.calls)
    assert.equal(500, #b.front.sent)
    assert.equal("answer", (core.answer.read(b.front.sent[500].packet)))
    assert.is_nil(b.front.sent[1].code)
  end)

  it("sends the answers of a turn together, before they are noted", function()
    local b = serve {
      bed.strategy("quick", function(query)
        return query:answer { a = "192.0.2.1" }
      end),
    }
    local flushed = {}
    function b.front.flush(self)
      local noted = b.resolver.flights.history
      flushed[#flushed + 1] = ("%d sent, %d noted"):format(#self.sent, #noted)
    end
    question(b, 1, "a.example.")
    question(b, 2, "b.example.")
    b.world:settle()
    assert.same({ "2 sent, 1 noted" }, flushed)
    question(b, 3, "c.example.")
    b.world:settle()
    assert.same({ "2 sent, 1 noted", "3 sent, 2 noted" }, flushed)
  end)

  it("denies with the tries as text when nobody knows", function()
    local b = serve {
      bed.strategy("mdns", function()
        return nil, "no answer on eth0 (2 questions)", "ENOTFOUND"
      end),
    }
    question(b, 1, "ghost.local.")
    b.world:settle()
    local sent = b.front.sent[1]
    assert.equal("nxdomain", (core.answer.read(sent.packet)))
    assert.equal("mdns: no answer on eth0 (2 questions)", sent.text)
  end)

  it("fails with the reasons when strategies failed", function()
    local b = serve {
      bed.strategy("dns", function()
        return nil, "192.0.2.53 said REFUSED", "EREFUSED"
      end),
    }
    question(b, 1, "a.example.")
    b.world:settle()
    assert.same({ rcode = 2, code = 23, text = "dns: 192.0.2.53 said REFUSED" }, b.front.sent[1])
  end)

  it("refuses names that are no strategy's", function()
    local plugin = bed.strategy("local_only", function() end)
    plugin.zones = { "local" }
    local b = serve { require("mlxresolve").use(plugin) }
    question(b, 1, "a.example.")
    b.world:settle()
    assert.equal(5, b.front.sent[1].rcode)
  end)

  it("says that an answer is stale", function()
    local up = true
    local b = serve({
      bed.strategy("moody", function(query)
        if up then
          return query:answer({ a = "192.0.2.1" }, 5)
        end
        return nil, "down", "ENETDOWN"
      end),
    }, { cache = { stale = "1h" } })
    question(b, 1, "a.example.")
    b.world:settle()
    up = false
    b.world:advance(10e3)
    question(b, 2, "a.example.")
    b.world:settle()
    assert.equal(3, b.front.sent[2].code)
    assert.equal("answer", (core.answer.read(b.front.sent[2].packet)))
  end)

  it("does not wait for its own native lookup that comes back as a question", function()
    local b
    b = serve {
      require("mlxresolve").use("native"),
      bed.strategy("other", function(query)
        return query:answer { a = "192.0.2.5" }
      end),
    }
    b.world.names["loop.example."] = "stuck"
    question(b, 1, "loop.example.")
    b.world:advance(1)
    question(b, 2, "loop.example.")
    b.world:advance(1)
    assert.is_not_nil(b.front.sent[2])
    assert.is_nil(b.front.sent[1])
  end)

  it("gave an answer for one client to who waits in the program, or comes later", function()
    local b = serve {
      bed.strategy("private", function(query, ctx)
        ctx:sleep(10)
        local client = query.client
        ctx:sleep(10)
        return query:answer { a = client and "192.0.2." .. client or "192.0.2.200" }
      end),
    }
    b.front.client = function(_, slot)
      return tostring(slot)
    end
    local found = {}
    local function resolve()
      b.resolver:resolve("a.example", { type = "A" }, function(result)
        found[#found + 1] = result.addresses[1].address
      end)
    end
    question(b, 1, "a.example.")
    resolve()
    b.world:advance(15)
    question(b, 2, "a.example.")
    resolve()
    b.world:settle()
    local function told(slot)
      return core.answer.data(b.front.sent[slot].packet)[1]
    end
    assert.same({ "192.0.2.1", "192.0.2.2" }, { told(1), told(2) })
    assert.same({ "192.0.2.200", "192.0.2.200" }, found)
    assert.equal(0, b.resolver.flights.count)
  end)

  it("refreshed once for each client what is private by now", function()
    local slow = bed.strategy("slow", function() end)
    function slow.resolve(_, query, ctx)
      slow.calls = slow.calls + 1
      if slow.calls > 1 then
        assert.is_not_nil(query.client)
        ctx:sleep(1000)
      end
      return query:answer({ a = "192.0.2.1" }, 5)
    end
    local b = serve({ slow }, { cache = { stale = "1h", stale_mode = "immediate" } })
    b:ask("a.example")
    b.world:advance(10e3)
    for slot = 1, 50 do
      question(b, slot, "a.example.")
      b.world:advance(1)
    end
    assert.equal(2, slow.calls)
  end)

  it("gives a private answer to its own client only", function()
    local calls = 0
    local b = serve {
      bed.strategy("private", function(query, ctx)
        ctx:sleep(10)
        calls = calls + 1
        assert(query.client == "127.0.0.1:4711")
        return query:answer { a = "192.0.2." .. calls }
      end),
    }
    for slot = 1, 3 do
      question(b, slot, "a.example.")
    end
    b.world:settle()
    local seen = {}
    for slot = 1, 3 do
      seen[core.answer.data(b.front.sent[slot].packet)[1]] = true
    end
    assert.equal(3, calls)
    assert.is_true(seen["192.0.2.1"] and seen["192.0.2.2"] and seen["192.0.2.3"])
    assert.equal(0, b.resolver.cache:stats().entries)
  end)

  it("answers at once with what ran out while there is no network", function()
    local asked = 0
    local b = serve({
      bed.strategy("moody", function(query, ctx)
        asked = asked + 1
        ctx:sleep(asked > 1 and 3000 or 0)
        return query:answer({ a = "192.0.2.1" }, 5)
      end),
    }, { cache = { stale = "1h" } })
    question(b, 1, "a.example.")
    b.world:settle()
    b.world:advance(10e3)
    b.resolver.onlink = { is_offline = true, left_count = 0 }
    question(b, 2, "a.example.")
    assert.equal("answer", (core.answer.read(b.front.sent[2].packet)))
    assert.equal(3, b.front.sent[2].code)
  end)
end)
