local settings = require("mlxresolve.resolver.settings")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.resolver.settings", function()
  local function taken(policy)
    local resolver = {}
    settings.take(resolver, policy)
    return resolver
  end

  it("give what a policy leaves open its defaults", function()
    local resolver = taken {}
    assert.equal(4500, resolver.deadline)
    assert.is_false(resolver.serves_stale)
    assert.is_false(resolver.stale_timer)
    assert.equal(32 * 1024 * 1024, settings.new_cache({}, virtual.new()):stats().capacity)
  end)

  it("give those who wait a stale answer after 1.8 s (RFC 8767 section 5)", function()
    local resolver = taken { cache = { stale = 60 } }
    assert.is_true(resolver.serves_stale)
    assert.equal(1800, resolver.stale_timer)
    assert.equal(500, taken({ cache = { stale = 60, stale_timer = 500 } }).stale_timer)
  end)

  it("tell that an address for HTTP has no effect, which went unsaid", function()
    local lines = {}
    local resolver = { world = virtual.new() }
    function resolver.world.log(_, level, text)
      lines[#lines + 1] = level .. " " .. text
    end
    settings.take(resolver, { http = false })
    assert.same({}, lines)
    settings.take(resolver, { http = "127.0.0.1:5480" })
    assert.matches("^warn policy: `http` has no effect", lines[1])
  end)

  it("reached the cache when it was made, and never again", function()
    local bed = require("support.bed")
    local known = bed.strategy("known", function(query)
      return query:answer({ a = "192.0.2.1" }, 600)
    end)
    local b = bed.open { known }
    local lines = {}
    function b.world.log(_, _, text)
      lines[#lines + 1] = text
    end
    local function replace(cache)
      local wanted = b.mlx.policy { strategies = { b.mlx.use(known) }, cache = cache }
      b.resolver:replace_policy(
        assert(require("mlxresolve.policy").load(wanted, { world = b.world }))
      )
    end
    replace { max_ttl = "30s", stale = "1h", stale_mode = "immediate" }
    b:ask("a.example")
    b.world:advance(100e3)
    assert.is_true(b:ask("a.example").stale)
    assert.same({}, lines)
    assert.same({}, settings.waiting(b.resolver.opened_with, b.resolver.policy))
    replace { size = "1MiB" }
    assert.same({ "cache.size" }, settings.waiting(b.resolver.opened_with, b.resolver.policy))
  end)

  it("know what waits for the next start, which was ignored without a word", function()
    local function waiting(now)
      local before = { listen = { "127.0.0.1:53" }, allow = {}, cache = { size = 1, stale = 0 } }
      return settings.waiting(before, now)
    end
    local cache = { size = 1, stale = 0, stale_timer = 5 }
    assert.same(
      {},
      waiting { listen = { "127.0.0.1:53" }, allow = {}, cache = cache, deadline = 1 }
    )
    assert.same(
      { "listen", "allow", "control", "front", "cache.size" },
      waiting {
        listen = { "127.0.0.1:53", "[::1]:53" },
        allow = { "192.0.2.0/24" },
        control = "/run/x",
        front = { threads = 2 },
        cache = { size = 2, stale = 0, max_ttl = 5 },
      }
    )
    assert.same({ "listen" }, waiting { listen = {}, allow = {}, cache = cache })
  end)

  it("have no timer where stale answers go out at once", function()
    local resolver = taken { cache = { stale = 60, stale_mode = "immediate" } }
    assert.is_true(resolver.gives_stale_at_once)
    assert.is_false(resolver.stale_timer)
  end)
end)
