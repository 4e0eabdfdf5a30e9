local bed = require("support.bed")
local core = require("mlxresolve.core")

describe("mlxresolve.memory", function()
  local function open(ttl)
    local counted = bed.strategy("counted", function(query)
      return query:answer({ a = "192.0.2.1" }, ttl)
    end)
    return bed.open { counted }, counted
  end

  it("refreshes a name in use shortly before it runs out, so that nobody waits", function()
    local b, counted = open(60)
    b:ask("a.example")
    b.world:advance(50e3)
    assert.is_true(b:ask("a.example").cached)
    b.world:settle()
    assert.equal(1, counted.calls)
    b.world:advance(5e3)
    for _ = 1, 5 do
      assert.is_true(b:ask("a.example").cached)
    end
    b.world:settle()
    assert.equal(2, counted.calls)
    b.world:advance(6e3)
    assert.equal(54, b:ask("a.example").addresses[1].ttl)
    assert.equal(2, counted.calls)
    assert.equal(1, b.resolver:status().queries.refreshed)
  end)

  it("lets short answers and names that nobody asks for run out", function()
    local b, counted = open(9)
    b:ask("a.example")
    b.world:advance(8.5e3)
    b:ask("a.example")
    b.world:settle()
    assert.equal(1, counted.calls)
    local other, unused = open(60)
    other:ask("a.example")
    other.world:advance(100e3)
    assert.equal(1, unused.calls)
  end)

  it("refreshes what the listener's hits say is due", function()
    local b, counted = open(60)
    b:ask("a.example")
    require("mlxresolve.replies").question(b.resolver, 0, "a.example.", 1)
    require("mlxresolve.replies").question(b.resolver, 0, "a.example.", 1)
    b.world:settle()
    assert.equal(2, counted.calls)
  end)

  it("peeks at the first record and the time that is left", function()
    local b = open(60)
    assert.is_nil((b.resolver:peek("a.example")))
    b:ask("a.example")
    b:ask("a.example", "TXT")
    b.world:advance(10e3)
    assert.same({ "192.0.2.1", 50 }, { b.resolver:peek("A.Example") })
    assert.same({ false, 50 }, { b.resolver:peek("a.example.", "TXT") })
    assert.is_nil((b.resolver:peek("a.example", "AAAA")))
    assert.is_nil((b.resolver:peek("b.example")))
    assert.is_nil((b.resolver:peek("a..b")))
    b.world:advance(50e3)
    assert.is_nil((b.resolver:peek("a.example")))
  end)

  it("peeks at addresses with their interface, and at records of other types", function()
    local b = bed.open {
      bed.strategy("link", function(query)
        if query.type == "AAAA" then
          local answer = query:answer({ aaaa = "fe80::9" }, 60)
          answer.interface = 4
          return answer
        end
        return query:answer({ srv = "0 0 50051 mini2.local." }, 60)
      end),
    }
    b.world.links = { { index = 4, name = "eth7", kind = "ethernet", up = true, addresses = {} } }
    b:ask("mini2.local", "AAAA")
    b:ask("mini2.local", "SRV")
    assert.equal("fe80::9%eth7", (b.resolver:peek("mini2.local", "AAAA")))
    assert.equal("0 0 50051 mini2.local.", (b.resolver:peek("mini2.local", "SRV")))
  end)

  it("refreshes what is peeked at before it runs out", function()
    local b, counted = open(60)
    b:ask("a.example")
    b.world:advance(55e3)
    for _ = 1, 3 do
      assert.is_string((b.resolver:peek("a.example")))
    end
    b.world:settle()
    assert.equal(2, counted.calls)
    assert.equal(60, (select(2, b.resolver:peek("a.example"))))
  end)

  it("raises at the caller's line when the type is none", function()
    local b = open(60)
    local _, problem = pcall(function()
      b.resolver:peek("a.example", "NONSENSE")
    end)
    assert.matches("memory_spec.lua:%d+: peek: NONSENSE is no record type", problem)
  end)

  it("tells an answer with who said it, and nothing of what is not known", function()
    local b = open(60)
    b:ask("a.example")
    local answer = b.resolver:known("a.example.", 1)
    assert.same({ "192.0.2.1" }, answer:data())
    assert.equal("counted", answer.strategy)
    assert.is_false(answer.is_stale)
    assert.equal("answer", (core.answer.read(answer.packet)))
    assert.is_nil((b.resolver:known("a.example.", 28)))
    assert.is_nil((b.resolver:known("a.example.", 1, "tensor")))
  end)
end)
