local core = require("mlxresolve.core")
local mlx = require("mlxresolve")
local persistence = require("mlxresolve.persistence")
local virtual = require("mlxresolve.world.virtual")

local bed = require("support.bed")

--- A world with a store that remembers what it is told.
local function world_with_store()
  local world = virtual.new()
  world.stores = {}
  function world:store(options, cache, on_event)
    if self.refusal then
      return nil, self.refusal, "ENOTSUP"
    end
    local store = { options = options, cache = cache, on_event = on_event, did = {} }
    local function note(what, ...)
      table.insert(store.did, { what, ... })
    end
    function store.put(_, packet, _, values, interface)
      local _, _, name = core.answer.read(packet)
      note("put", name, values.strategy, interface)
    end
    function store.flush(_, _, filter, interface)
      note("flush", filter, interface)
    end
    function store.stats()
      return { entries = 3 }
    end
    self.stores[#self.stores + 1] = store
    return store
  end
  function world.close_store(_, store)
    store.is_closed = true
    return true
  end
  return world
end

describe("persistence", function()
  local world, here, source

  local function open(cache)
    source = bed.strategy("source", function(query)
      return query:answer("192.0.2.1", 60)
    end)
    local policy = mlx.policy { strategies = { mlx.use(source) }, cache = cache }
    local resolver = assert(mlx.open(policy, { world = world }))
    resolver:persist()
    world:advance(0)
    here = bed.wrap(world, resolver)
    return resolver
  end

  before_each(function()
    world = world_with_store()
  end)

  describe("finds the file", function()
    local function path(environment, uid, wanted)
      world.environment = environment
      world.uid = function()
        return uid
      end
      return persistence.path(world, wanted or "auto")
    end

    it("where programs keep their state", function()
      assert.equal("/s/mlxresolve/cache", path({ XDG_STATE_HOME = "/s/", HOME = "/h" }, 1000))
      assert.equal("/h/.local/state/mlxresolve/cache", path({ HOME = "/h" }, 1000))
      assert.equal(
        "/h/.local/state/mlxresolve/cache",
        path({ XDG_STATE_HOME = "s", HOME = "/h" }, 7)
      )
      assert.equal("/s/mlxresolve/cache", path({ XDG_STATE_HOME = "/s" }, 0))
    end)

    it("where services keep theirs, for root", function()
      local expected = jit.os == "OSX" and "/var/db" or "/var/lib"
      assert.equal(expected .. "/mlxresolve/cache", path({ HOME = "/root" }, 0))
    end)

    it("where the policy says", function()
      assert.equal("/a/file", path({}, 1000, "/a/file"))
    end)

    it("nowhere without a home, and says so", function()
      world.environment = {}
      assert.is_nil((persistence.path(world, "auto")))
      open { persist = "auto" }
      assert.equal(0, #world.stores)
      assert.is_truthy(world.lines[1]:match("^warn: .*HOME"), world.lines[1])
    end)
  end)

  it("opens no store that nobody wants", function()
    local resolver = open()
    assert.is_false(resolver.persistence)
    assert.equal("192.0.2.1", here:address("a.example."))
    assert.is_false(resolver:status().persistence)
  end)

  it("tells the store what it needs", function()
    local resolver = open { persist = "/f", size = 1024 * 1024, min_ttl = 7 }
    local options = world.stores[1].options
    local hash = next(resolver.chain.by_hash)
    assert.same({ "/f", 3 * 1024 * 1024, { hash }, 7, world:now() }, {
      options.path,
      options.bytes,
      options.strategies,
      options.min_ttl,
      options.now,
    })
    assert.equal(resolver.cache, world.stores[1].cache)
    assert.same({ entries = 3 }, resolver:status().persistence)
  end)

  it("keeps what a strategy says", function()
    local resolver = open { persist = "/f" }
    world.stores[1].on_event("loaded", "/f", 0)
    here:address("a.example.")
    assert.same(
      { { "put", "a.example.", next(resolver.chain.by_hash), false } },
      world.stores[1].did
    )
  end)

  it("keeps the interface by its name, even when it is gone by the flush", function()
    world.links = { { index = 4, name = "eth4", addresses = {} } }
    local resolver = open { persist = "/f" }
    local packet = core.answer.build("a.example.", "A", { "192.0.2.1" }, 60)
    persistence.keep(resolver, packet, { strategy = 9, interface = 4 })
    world.links = {}
    resolver:flush { interface = 4 }
    local did = world.stores[1].did
    assert.same({ "put", "a.example.", 9, "eth4" }, did[1])
    assert.same({ "flush", { interface = 4 }, "eth4" }, did[2])
  end)

  it("flushes the store before the cache", function()
    local resolver = open { persist = "/f" }
    world.stores[1].on_event("loaded", "/f", 0)
    here:address("a.example.")
    local entries
    world.stores[1].flush = function()
      entries = resolver.cache:stats().entries
    end
    assert.equal(1, resolver:flush { name = "a.example" })
    assert.equal(1, entries)
  end)

  it("lets a question wait a moment for what is being loaded", function()
    local resolver = open { persist = "/f" }
    local packet = core.answer.build("a.example.", "A", { "192.0.2.7" }, 60)
    resolver:resolve("a.example.", { types = { "A" } }, function(result)
      here.result = result
    end)
    world:advance(2)
    assert.is_nil(here.result)
    resolver.cache:put(packet, world:now(), { strategy = next(resolver.chain.by_hash) })
    world.stores[1].on_event("loaded", "/f", 1)
    world:advance(2)
    assert.equal("192.0.2.7", here.result.addresses[1].address)
    assert.equal("source", here.result.addresses[1].strategy)
    assert.equal(0, source.calls)
  end)

  it("does not let it wait for long", function()
    open { persist = "/f" }
    local start = world:now()
    assert.equal("192.0.2.1", here:address("a.example."))
    assert.is_true(world:now() - start <= 6)
    assert.equal(1, source.calls)
  end)

  it("says what happens to the file, and resolves all the same", function()
    open { persist = "/f" }
    world.stores[1].on_event("aside", "/f: is damaged", 0)
    world.stores[1].on_event("problem", "/f: No space left on device", 0)
    world.stores[1].on_event("works", "/f", 0)
    assert.same({
      "warn: cache: /f: is damaged",
      "warn: cache: /f: No space left on device; answers are not kept on disk for now",
      "info: cache: /f: answers are kept on disk again",
    }, world.lines)
    assert.equal("192.0.2.1", here:address("a.example."))
  end)

  it("goes without when the build has no store", function()
    world.refusal = "this build cannot keep the cache on disk"
    local resolver = open { persist = "/f" }
    assert.is_false(resolver.persistence)
    assert.is_truthy(world.lines[1]:match("^warn: .*cannot keep the cache"))
    assert.equal("192.0.2.1", here:address("a.example."))
  end)

  it("follows the policy when that changes", function()
    local resolver = open { persist = "/f" }
    local function replace(cache)
      local policy = mlx.policy { strategies = { mlx.use(source) }, cache = cache }
      local checked = assert(require("mlxresolve.policy").load(policy, { world = world }))
      resolver:replace_policy(checked)
    end
    replace { persist = "/f" }
    assert.equal(1, #world.stores)
    assert.equal("flush", world.stores[1].did[1][1])
    replace { persist = "/g" }
    assert.is_true(world.stores[1].is_closed)
    assert.equal("/g", world.stores[2].options.path)
    replace()
    assert.is_true(world.stores[2].is_closed)
    assert.is_false(resolver.persistence)
    replace { persist = "/h" }
    assert.equal("/h", world.stores[3].options.path)
    resolver:close()
    world:advance(0)
    assert.is_true(world.stores[3].is_closed)
  end)

  it("brought back what was flushed while its file was not in use", function()
    local resolver = open { persist = "/f" }
    local function replace(cache)
      local policy = mlx.policy { strategies = { mlx.use(source) }, cache = cache }
      local checked = assert(require("mlxresolve.policy").load(policy, { world = world }))
      resolver:replace_policy(checked)
      return world.stores[#world.stores].did
    end
    resolver:flush { name = "a.example" }
    replace()
    assert.same({}, replace { persist = "/f" })
    replace()
    resolver:flush { name = "a.example" }
    assert.same({ { "flush" } }, replace { persist = "/f" })
    replace()
    assert.same({}, replace { persist = "/f" })
  end)
end)
