local bed = require("support.bed")
local replies = require("mlxresolve.replies")

local SERVFAIL, NETWORK_ERROR = 2, 23

describe("mlxresolve.failures", function()
  local function down()
    return bed.strategy("dns", function()
      return nil, "192.0.2.53 said SERVFAIL", "ESERVFAIL"
    end)
  end

  local function open(strategies, fields)
    local b = bed.open(strategies, fields)
    b.sent = {}
    b.resolver.front = {
      answer = function(_, slot, packet)
        b.sent[slot] = { packet = packet }
      end,
      refuse = function(_, slot, rcode, code, text)
        b.sent[slot] = { rcode = rcode, code = code, text = text }
      end,
      flush = function() end,
      client = function()
        return "127.0.0.1:4711"
      end,
    }
    function b.question(slot, name)
      replies.question(b.resolver, slot, name or "a.example.", 1)
    end
    return b
  end

  it("answers a failed question from memory, with the tries, without asking anybody", function()
    local dns = down()
    local b = open { dns }
    b.question(1)
    b.world:settle()
    b.question(2)
    assert.same(
      { rcode = SERVFAIL, code = NETWORK_ERROR, text = "dns: 192.0.2.53 said SERVFAIL" },
      b.sent[2]
    )
    local _, message, code = b:ask("a.example")
    assert.same({ "dns: 192.0.2.53 said SERVFAIL", "ESERVFAIL" }, { message, code })
    assert.equal(1, dns.calls)
  end)

  it(
    "asks again after 1 s, 2 s, 4 s, … 30 s while it keeps failing [RFC 9520 3.2: failures]",
    function()
      local dns = down()
      local b = open { dns }
      local times = {}
      for slot = 1, 1200 do
        local before = dns.calls
        b.question(slot)
        b.world:advance(100)
        if dns.calls > before then
          times[#times + 1] = slot * 100
        end
      end
      local waits = {}
      for i = 2, #times do
        waits[#waits + 1] = math.floor((times[i] - times[i - 1]) / 1000)
      end
      assert.same({ 1, 2, 4, 8, 16, 30, 30 }, waits)
    end
  )

  it("begins anew after an answer", function()
    local is_down = true
    local dns = bed.strategy("dns", function(query)
      if is_down then
        return nil, "no route", "ENETUNREACH"
      end
      return query:answer({ a = "192.0.2.1" }, 1)
    end)
    local b = open { dns }
    for _ = 1, 4 do
      b:ask("a.example")
      b.world:advance(20e3)
    end
    is_down = false
    assert.equal("192.0.2.1", b:address("a.example"))
    b.world:advance(10e3)
    is_down = true
    assert.equal("ENETUNREACH", b:address("a.example"))
    b.world:advance(1100)
    is_down = false
    assert.equal("192.0.2.1", b:address("a.example"))
  end)

  it("is no rule for silence, nor for names that nobody is asked for", function()
    local silent = bed.strategy("mdns", function()
      return nil, "no answer on eth0", "ENOTFOUND"
    end)
    local b = open { silent }
    b:ask("ghost.local")
    b:ask("ghost.local")
    assert.equal(2, silent.calls)
    assert.equal(0, b.resolver.failures.count)
  end)

  it("does not hold a caller's own short timeout against the name", function()
    local slow = bed.strategy("slow", function(query, ctx)
      ctx:sleep(100)
      return query:answer { a = "192.0.2.1" }
    end)
    local b = open { slow }
    local _, _, code = b:ask("a.example", "A", { timeout = 10 })
    assert.equal("ETIMEOUT", code)
    assert.equal("192.0.2.1", b:address("a.example"))
  end)

  it("asks all the same when the caller wants a fresh answer", function()
    local dns = down()
    local b = open { dns }
    b:ask("a.example")
    b:ask("a.example", "A", { fresh = true })
    assert.equal(2, dns.calls)
  end)

  it("keeps types and purposes apart", function()
    local dns = down()
    local b = open { dns }
    b:ask("a.example")
    b:ask("a.example", "AAAA")
    b:ask("a.example", "A", { purpose = "tensor" })
    assert.equal(3, dns.calls)
  end)

  it("is forgotten after a network change, a flush and a reload", function()
    local dns = down()
    local b = open { dns }
    local function asks_again()
      local before = dns.calls
      b:ask("a.example")
      return dns.calls > before
    end
    assert.is_true(asks_again())
    assert.is_false(asks_again())
    b.world:network { { type = "link_changed", index = 2, interface = "eth0", up = true } }
    b.world:advance(600)
    assert.is_true(asks_again())
    b.resolver:flush { suffix = "test" }
    b.resolver:flush { name = "b.example" }
    b.resolver:flush { name = "a.example", type = "AAAA" }
    assert.is_false(asks_again())
    b.resolver:flush { name = "a.example", type = "A" }
    assert.is_true(asks_again())
    b.resolver:flush { suffix = "example" }
    assert.is_true(asks_again())
    b.resolver:flush()
    assert.is_true(asks_again())
    b.resolver:replace_policy(b.resolver.policy)
    assert.is_true(asks_again())
    assert.is_false(asks_again())
  end)

  it("was held against a network that came while the question was under way", function()
    local dns = bed.strategy("dns", function(_, ctx)
      ctx:sleep(1000)
      return nil, "no route", "ENETUNREACH"
    end)
    local b = open { dns }
    b:ask("other.example")
    b.resolver:resolve("a.example", { type = "A" }, function() end)
    b.world:advance(100)
    b.world:network { { type = "link_changed", index = 2, interface = "eth0", up = true } }
    b.world:advance(900)
    assert.equal(2, dns.calls)
    b:ask("a.example")
    assert.equal(3, dns.calls)
    b:ask("a.example")
    assert.equal(3, dns.calls)
  end)

  it("is forgotten when the system names other servers", function()
    local b = open { require("mlxresolve").use("dns", { servers = "system" }) }
    local working = bed.server { ["a.example."] = "192.0.2.1" }
    b.world.servers["192.0.2.54"] = working.answer
    b.world.files["/etc/resolv.conf"] = "nameserver 192.0.2.53\n"
    assert.equal("ETIMEOUT", b:address("a.example"))
    b.world.files["/etc/resolv.conf"] = "nameserver 192.0.2.54\n"
    assert.equal("192.0.2.1", b:address("a.example"))
  end)

  it("remembers a bounded number of names", function()
    local b = open { down() }
    for i = 1, 5000 do
      b.question(i, ("n%d.example."):format(i))
      b.world:advance(0)
    end
    assert.equal(2048, b.resolver.failures.count)
    assert.is_false(b.resolver.failures:find("n1.example.", 1))
    assert.is_table(b.resolver.failures:find("n5000.example.", 1))
  end)
end)
