local bed = require("support.bed")

local ZONES = { "test." }

describe("mlxresolve.in_use", function()
  local b, follower, use

  local function answerer(ttl)
    return bed.strategy("s", function(query)
      return query:answer({ a = "192.0.2.1", aaaa = "fe80::1" }, ttl)
    end)
  end

  local function open(fields, ttl)
    b = bed.open({ answerer(ttl or 3600) }, fields)
    use = b.resolver.in_use
    follower = use:follow(ZONES)
  end

  local function names()
    local list = {}
    for i, entry in ipairs(follower:list()) do
      list[i] = entry.name
    end
    return list
  end

  it("knows nobody, and marks nothing, while nobody follows", function()
    b = bed.open { answerer() }
    b:ask("a.test")
    assert.same({}, b.resolver.in_use.names)
    assert.is_false((select(7, b.resolver.cache:get("a.test.", 1, b.world:now()))))
  end)

  it("has what was asked for in its zones, with the addresses that the cache has", function()
    open()
    b:ask("a.test")
    b:ask("a.test", "AAAA")
    b:ask("b.example")
    assert.same(
      { { name = "a.test.", is_held = false, addresses = { "192.0.2.1", "fe80::1" } } },
      follower:list()
    )
  end)

  it("lets a name go that nobody has asked for within a minute", function()
    open()
    b:ask("a.test")
    b.world:advance(59e3)
    assert.same({ "a.test." }, names())
    b.world:advance(2e3)
    assert.same({}, names())
  end)

  it("keeps a name that only the cache is asked for", function()
    open()
    b:ask("a.test")
    b.world:advance(50e3)
    b.resolver.cache:get("a.test.", 1, b.world:now())
    b.world:advance(20e3)
    assert.same({ "a.test." }, names())
    b.world:advance(60e3)
    assert.same({}, names())
  end)

  it("takes a name in again with the first hit after it has fallen out", function()
    open()
    b:ask("a.test")
    b.world:advance(61e3)
    assert.same({}, names())
    assert.equal("192.0.2.1", (b.resolver:peek("a.test")))
    assert.same({ "a.test." }, names())
  end)

  it("notices the hits of what the cache had before", function()
    b = bed.open { answerer(3600) }
    b:ask("a.test")
    use = b.resolver.in_use
    follower = use:follow(ZONES)
    assert.same({}, names())
    b.resolver:peek("a.test")
    assert.same({ "a.test." }, names())
  end)

  it("has the peers of the policy, and those of the next one", function()
    open { peers = { "mini1.test:50051", "192.0.2.9:50051" } }
    b.world:advance(3600e3)
    local entry = follower:list()[1]
    assert.same({ "mini1.test.", true, 50051 }, { entry.name, entry.is_held, entry.port })
    assert.equal(1, #follower:list())
    use:hold_peers { { name = "mini2.test.", port = 1 } }
    b.world:advance(61e3)
    assert.same({ "mini2.test." }, names())
  end)

  it("has watched names for as long as they are watched", function()
    open()
    local watch = b.resolver:watch("a.test", function() end)
    b.world:advance(3600e3)
    assert.same({ "a.test." }, names())
    watch:close()
    watch:close()
    b.world:advance(61e3)
    assert.same({}, names())
  end)

  it("leaves out this machine's own names", function()
    open()
    b.world.links = { { index = 2, name = "eth0", addresses = { { address = "192.0.2.1" } } } }
    b:ask("a.test")
    assert.same({}, names())
  end)

  it("has those that are watched, though 64 others were asked for before", function()
    open()
    for i = 1, 70 do
      b:ask(("n%d.test"):format(i))
      b.world:advance(10)
    end
    use:hold("watched.test.")
    local list = names()
    assert.equal(64, #list)
    assert.equal("watched.test.", list[64])
    assert.is_nil(use.names["n1.test."])
  end)

  it("has 64 names at most, and gives free places to those still asked for", function()
    open()
    for i = 1, 70 do
      b:ask(("n%02d.test"):format(i))
    end
    assert.equal(64, #names())
    b.world:advance(55e3)
    for i = 65, 70 do
      b.resolver.cache:get(("n%02d.test."):format(i), 1, b.world:now())
    end
    b.world:advance(8e3)
    assert.same({ "n65.test.", "n70.test." }, { names()[1], names()[6] })
  end)

  it("wakes those who wait for a name in use, and nobody before", function()
    open()
    local woken = false
    b.resolver.scheduler:spawn(function()
      follower:await()
      woken = true
    end)
    b.world:advance(3600e3)
    assert.same({ false, false }, { woken, b.world.due })
    b:ask("b.example")
    assert.is_false(woken)
    b:ask("a.test")
    b.world:advance(0)
    assert.is_true(woken)
  end)

  it("stops when the last one has stopped following", function()
    open()
    follower:close()
    b:ask("a.test")
    assert.same({ 0, false }, { use.count, use.is_on })
  end)
end)
