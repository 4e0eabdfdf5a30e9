local health = require("mlxresolve.health")
local schedulers = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.health", function()
  local world, book, told

  before_each(function()
    world = virtual.new()
    book = health.new { world = world, scheduler = schedulers.new(world) }
    told = {}
    book:on_change(function(name, address, state, reason)
      told[#told + 1] = ("%s %s %s %s"):format(name, address, tostring(state), reason)
    end)
  end)

  local function state(name, address)
    local entry = book:of(name, address)
    return entry and entry.state
  end

  it("knows what was noted of an address of a name", function()
    world:advance(500)
    book:mark("a.local.", "192.0.2.1", "suspect", "eth0 was lost")
    world:advance(500)
    assert.same(
      { "suspect", "eth0 was lost", 1500 },
      { state("a.local.", "192.0.2.1"), book:of("a.local.", "192.0.2.1").reason, 1500 }
    )
    assert.equal(1500, book:of("a.local.", "192.0.2.1").since)
    assert.is_nil(book:of("a.local.", "192.0.2.2"))
    assert.is_nil(book:of("b.local.", "192.0.2.1"))
  end)

  it("lists the addresses of a name that are suspect, for as long as that counts", function()
    assert.same({}, book:suspects("a.local."))
    book:mark("a.local.", "192.0.2.1", "suspect", "eth0 was lost")
    book:mark("a.local.", "192.0.2.2", "dead", "no answer")
    assert.same({ "192.0.2.1" }, book:suspects("a.local."))
    world:advance(121e3)
    assert.same({}, book:suspects("a.local."))
  end)

  it("knows an address with its scope and without", function()
    book:mark("a.local.", "fe80::1%eth0", "dead", "no answer")
    assert.equal("dead", state("a.local.", "fe80::1"))
    assert.equal("dead", state("a.local.", "fe80::1%eth0"))
  end)

  it("tells of changes only, with the reason", function()
    book:mark("a.", "192.0.2.1", "suspect", "one")
    book:mark("a.", "192.0.2.1", "suspect", "two")
    book:mark("a.", "192.0.2.1", "verified", "said again")
    book:clear("a.")
    book:clear("a.")
    world:advance(0)
    assert.same({
      "a. 192.0.2.1 suspect one",
      "a. 192.0.2.1 verified said again",
      "a. 192.0.2.1 false cleared",
    }, told)
  end)

  it("tells nobody who has had enough", function()
    local calls = 0
    local handle = book:on_change(function()
      calls = calls + 1
    end)
    book:mark("a.", "192.0.2.1", "suspect", "one")
    handle:close()
    world:advance(0)
    assert.equal(0, calls)
  end)

  it("forgets in time", function()
    book:mark("a.", "192.0.2.1", "dead", "no answer")
    book:mark("a.", "192.0.2.2", "verified", "it answers")
    world:advance(119e3)
    assert.equal("dead", state("a.", "192.0.2.1"))
    world:advance(1e3)
    assert.is_nil(state("a.", "192.0.2.1"))
    assert.equal(1, #book:list())
    world:advance(180e3)
    assert.same({}, book:list())
    assert.equal(0, book.count)
  end)

  it("forgets what new answers of the family do not have", function()
    for _, address in ipairs { "192.0.2.1", "192.0.2.2", "2001:db8::1" } do
      book:mark("a.", address, "suspect", "one")
    end
    book:follow("a.", "ipv4", { "192.0.2.2" })
    book:follow("b.", "ipv4", {})
    assert.is_nil(state("a.", "192.0.2.1"))
    assert.equal("suspect", state("a.", "192.0.2.2"))
    assert.equal("suspect", state("a.", "2001:db8::1"))
  end)

  it("holds 1,024 addresses, the latest", function()
    for i = 1, 3000 do
      book:mark(("n%d."):format(i), "192.0.2.1", "suspect", "flood")
    end
    assert.equal(1024, book.count)
    assert.equal(1024, #book:list())
    assert.is_nil(state("n1976.", "192.0.2.1"))
    assert.equal("suspect", state("n1977.", "192.0.2.1"))
  end)

  it("leaves out the dead while others live", function()
    local both = { "192.0.2.1", "192.0.2.2" }
    assert.is_nil(book:living("a.", both))
    book:mark("a.", "192.0.2.1", "suspect", "one")
    assert.is_nil(book:living("a.", both))
    book:mark("a.", "192.0.2.1", "dead", "no answer")
    assert.same({ 2 }, book:living("a.", both))
    book:mark("a.", "192.0.2.2", "dead", "no answer")
    assert.is_nil(book:living("a.", both))
  end)

  it("takes no state of its reader's invention", function()
    assert.has_error(function()
      book:mark("a.", "192.0.2.1", "ill", "?")
    end, 'mark: expected "suspect", "dead" or "verified", got ill')
  end)
end)
