local bed = require("support.bed")
local core = require("mlxresolve.core")
local prune = require("mlxresolve.prune")

describe("mlxresolve.prune", function()
  local b

  before_each(function()
    b = bed.open {
      bed.strategy("lan", function(query)
        local data = { a = { "192.0.2.1", "192.0.2.2" }, aaaa = "2001:db8::1" }
        local answer = query:answer(data, 60)
        answer.interface = 2
        return answer
      end),
    }
    b:ask("a.example")
    b:ask("a.example", "AAAA")
    b.world:advance(20e3)
  end)

  local function entry(type)
    return b.resolver:list({ name = "a.example", type = type or "A" })[1]
  end

  it("takes an address out; the others serve on, as old as they are, in doubt", function()
    assert.equal(1, prune.remove(b.resolver, "a.example.", "192.0.2.1"))
    local left = entry()
    assert.same(
      { { "192.0.2.2" }, 40, 20, "lan", 2, true },
      { left.data, left.ttl, left.age, left.strategy, left.index, left.suspect }
    )
    assert.is_false(entry("AAAA").suspect)
  end)

  it("drops an entry that has nothing else", function()
    assert.equal(1, prune.remove(b.resolver, "a.example.", "2001:db8::1"))
    assert.is_nil(entry("AAAA"))
    assert.is_table(entry("A"))
  end)

  it("leaves alone what does not have it", function()
    assert.equal(0, prune.remove(b.resolver, "a.example.", "192.0.2.9"))
    assert.equal(0, prune.remove(b.resolver, "b.example.", "192.0.2.1"))
    assert.equal(2, #entry().data)
  end)

  it("keeps the limits of the strategy that said it", function()
    local limited = bed.strategy("lan", function(query)
      return query:answer({ a = { "192.0.2.1", "192.0.2.2" } }, 3600)
    end)
    limited.cache = { max_ttl = "30s" }
    b = bed.open { b.mlx.use(limited) }
    b:ask("a.example")
    prune.remove(b.resolver, "a.example.", "192.0.2.1")
    assert.equal(30, entry().ttl)
  end)

  local function put(purpose, addresses)
    local packet = core.answer.build("p.example.", "A", addresses, 60)
    assert(b.resolver.cache:put(packet, b.world:now(), { purpose = purpose }))
  end

  local function kept(purpose)
    local packet, _, _, _, _, is_suspect =
      b.resolver.cache:copy("p.example.", 1, b.world:now(), purpose)
    return { packet and core.answer.data(packet), is_suspect }
  end

  it("forgot what other purposes had of the name", function()
    put(0, { "192.0.2.1", "192.0.2.2" })
    put(7, { "192.0.2.1", "192.0.2.3" })
    put(8, { "192.0.2.1" })
    put(9, { "192.0.2.4" })
    assert.equal(3, prune.remove(b.resolver, "p.example.", "192.0.2.1"))
    assert.same({ { "192.0.2.2" }, true }, kept(0))
    assert.same({ { "192.0.2.3" }, true }, kept(7))
    assert.same({}, kept(8))
    assert.same({ { "192.0.2.4" }, false }, kept(9))
  end)

  it("had what was held back serve again", function()
    b.resolver.cache:mark(b.world:now(), {}, { withheld = true })
    prune.remove(b.resolver, "a.example.", "192.0.2.1")
    assert.is_nil((b.resolver.cache:get("a.example.", 1, b.world:now())))
    assert.same({ { "192.0.2.2" }, true }, { entry().data, entry().withheld })
    b.resolver.cache:mark(b.world:now(), {}, { withheld = false })
    assert.equal(40, entry().ttl)
  end)

  it("had what was made to run out serve again", function()
    b = bed.open({
      bed.strategy("lan", function(query)
        return query:answer({ a = { "192.0.2.1", "192.0.2.2" } }, 60)
      end),
    }, { cache = { stale = "1h" } })
    b:ask("a.example")
    b.world:advance(20e3)
    b.resolver.cache:expire(b.world:now(), { name = "a.example." })
    prune.remove(b.resolver, "a.example.", "192.0.2.1")
    assert.same({ { "192.0.2.2" }, true, 20 }, { entry().data, entry().stale, entry().age })
  end)

  it("keeps what follows an alias", function()
    local packet = core.answer.build("b.example.", "A", { "192.0.2.1", "192.0.2.2" }, 60)
    b.resolver.cache:put(core.answer.alias(packet, "c.example.", 60), b.world:now(), {})
    prune.remove(b.resolver, "c.example.", "192.0.2.1")
    local left = b.resolver:list({ name = "c.example" })[1]
    assert.same({ "192.0.2.2" }, left.data)
  end)
end)
