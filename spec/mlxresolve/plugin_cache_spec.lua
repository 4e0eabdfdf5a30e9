local bed = require("support.bed")

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

  it("finds what is cached, whoever said it", function()
    assert.same({ "192.0.2.1" }, cache:get("NEAR.example", "A"):data())
    assert.is_nil(cache:get("near.example", "TXT"))
    assert.is_nil(cache:get("other.example", "A"))
  end)
end)
