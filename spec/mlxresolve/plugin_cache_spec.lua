local answers = require("mlxresolve.answer")
local bed = require("support.bed")
local core = require("mlxresolve.core")

describe("mlxresolve.plugin_cache", function()
  local b, cache

  before_each(function()
    b = bed.open {
      bed.strategy("known", function(query)
        local answer = query:answer({ a = "192.0.2.1", aaaa = "2001:db8::1" }, 90)
        answer.interface = query.name == "far.example." and 3 or 2
        return answer
      end),
    }
    b.world.links = {
      { index = 2, name = "eth0", addresses = {} },
      { index = 3, name = "wlan0", addresses = {} },
    }
    cache = b.resolver.plugin_cache
    b:ask("near.example")
    b:ask("near.example", "AAAA")
    b:ask("far.example")
  end)

  it("drops by interface, by name or index", function()
    assert.equal(1, cache:flush { interface = "wlan0" })
    assert.equal(2, cache:flush { interface = 2 })
  end)

  it("drops by type and zone", function()
    assert.equal(1, cache:flush { suffix = "example", type = "AAAA" })
    assert.equal(2, cache:flush { suffix = "EXAMPLE." })
  end)

  it("makes entries suspect, which serve on, and notes their addresses", function()
    assert.equal(2, cache:suspect({ interface = 2 }, "eth0 was lost"))
    local health = b.resolver.health
    assert.equal("eth0 was lost", health:of("near.example.", "192.0.2.1").reason)
    assert.equal("suspect", health:of("near.example.", "2001:db8::1").state)
    assert.is_nil(health:of("far.example.", "192.0.2.1"))
    local result = b:ask("near.example")
    assert.same({ "192.0.2.1", true }, { result.addresses[1].address, result.suspect })
  end)

  it("tells of the addresses of names in use only", function()
    b.world:advance(50e3)
    b:ask("far.example")
    b.world:advance(20e3)
    assert.equal(3, cache:suspect())
    assert.is_nil(b.resolver.health:of("near.example.", "192.0.2.1"))
    assert.equal("suspect", b.resolver.health:of("far.example.", "192.0.2.1").state)
  end)

  it("lists what is suspect, with what a reaction needs", function()
    cache:suspect { interface = 3 }
    local entries, has_more = cache:list { suspect = true }
    assert.is_false(has_more)
    assert.equal(1, #entries)
    local entry = entries[1]
    assert.same({ "far.example.", "A", "192.0.2.1", "known", "wlan0", 3, 0, 0 }, {
      entry.name,
      entry.type,
      entry.data[1],
      entry.strategy,
      entry.interface,
      entry.index,
      entry.idle,
      entry.age,
    })
  end)

  it("says what it does not know", function()
    local _, message, code = cache:flush { interface = "eth9" }
    assert.equal("ENODEV", code)
    assert.matches("'eth9'", message)
    _, message, code = cache:flush { strategy = "unheard" }
    assert.equal("ENOENT", code)
    assert.matches("unheard", message)
    _, _, code = cache:flush { name = ("x"):rep(70) }
    assert.equal("ETEXT", code)
    assert.equal(3, b.resolver.cache:stats().entries)
  end)

  describe("a flush left behind what was under way", function()
    local slow

    before_each(function()
      slow = bed.strategy("slow", function(query, ctx)
        local call = slow.calls
        ctx:sleep(1000)
        return query:answer({ a = "192.0.2." .. call }, 60)
      end)
      b = bed.open { slow }
    end)

    --- What those are told who ask before and after a flush, and much later.
    local function around(filter)
      local told = {}
      local function ask()
        b.resolver:resolve("a.example", { type = "A" }, function(result)
          told[#told + 1] = result.addresses[1].address
        end)
      end
      ask()
      b.world:advance(100)
      b.resolver:flush(filter)
      ask()
      b.world:settle()
      told[3] = b:address("a.example")
      return told
    end

    it("for who asks later, and in the cache", function()
      local apart = { "192.0.2.1", "192.0.2.2", "192.0.2.2" }
      assert.same(apart, around())
      slow.calls = 0
      b = bed.open { slow }
      assert.same(apart, around { suffix = "example", type = "A" })
    end)

    it("but not when it meant something else", function()
      local together = { "192.0.2.1", "192.0.2.1", "192.0.2.1" }
      local others = { { name = "b.example" }, { type = "AAAA" }, { strategy = "slow" } }
      for _, filter in ipairs(others) do
        slow.calls = 0
        b = bed.open { slow }
        assert.same(together, around(filter))
      end
    end)
  end)

  describe("what comes along with an answer", function()
    local purpose = core.cache.fingerprint("tensor")

    --- Asks a strategy that puts other.example. in; what the cache has of it then.
    local function come_along(asked, extra)
      local found
      local strategy = bed.strategy("talker", function(query, ctx)
        ctx.cache:put(answers.read(core.answer.build("other.example.", "A", { "192.0.2.9" }, 600)))
        found = ctx.cache:get("other.example", "A")
        return query:answer({ a = "192.0.2.1" }, 600)
      end)
      for field, value in pairs(extra) do
        strategy[field] = value
      end
      b = bed.open { b.mlx.use(strategy) }
      b:ask("a.example", "A", { purpose = asked })
      local function ttl_of(hash)
        return (select(2, b.resolver.cache:get("other.example.", 1, b.world:now(), hash)))
      end
      return { plain = ttl_of(0), tensor = ttl_of(purpose), found = found ~= nil }
    end

    it("was kept for whatever purpose", function()
      assert.same({ tensor = 600, found = true }, come_along("tensor", { purpose = "tensor" }))
      assert.same({ plain = 600, found = true }, come_along(nil, {}))
    end)

    it("was kept for longer than the policy keeps what the strategy says", function()
      assert.equal(30, come_along(nil, { cache = { max_ttl = "30s" } }).plain)
    end)

    it("was kept though the policy keeps nothing of the strategy", function()
      assert.same({ found = false }, come_along(nil, { cache = false }))
    end)
  end)

  it("finds what is cached, whoever said it", function()
    assert.same({ "192.0.2.1" }, cache:get("NEAR.example", "A"):data())
    assert.is_nil(cache:get("near.example", "TXT"))
    assert.is_nil(cache:get("other.example", "A"))
  end)
end)
