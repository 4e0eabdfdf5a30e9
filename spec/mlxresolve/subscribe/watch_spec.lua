local bed = require("support.bed")
local mlx = require("mlxresolve")

describe("mlxresolve.subscribe.watch", function()
  local b, lines, known, failing

  --- Answers what `known` has: name → type → addresses; `failing` is a code.
  local function lookup(query)
    if failing then
      return nil, "no route", failing
    end
    local of_name = known[query.name]
    if not of_name then
      return query:nxdomain(60)
    end
    local addresses = of_name[query.type]
    return addresses and query:answer(addresses, 60) or query:nodata(60)
  end

  local function open(fields)
    b = bed.open({ bed.strategy("table", lookup) }, fields)
  end

  local function watch(name)
    return assert(b.resolver:watch(name or "a.test", function(event)
      local was = event.was and event.was .. " > " or ""
      lines[#lines + 1] = ("%s %s%s %s"):format(event.kind, was, event.address, event.reason)
    end))
  end

  before_each(function()
    lines, failing = {}, false
    known = { ["a.test."] = { A = { "192.0.2.1" } } }
    open()
  end)

  it("tells a doubt once, however often nobody could be asked, and its end", function()
    watch()
    b.world:advance(100)
    failing = "EHOSTUNREACH"
    b.world:advance(300e3)
    assert.same({ "added 192.0.2.1 resolved", "suspect 192.0.2.1 EHOSTUNREACH" }, lines)
    failing = false
    b.world:advance(61e3)
    assert.equal("added 192.0.2.1 resolved", lines[3])
    assert.equal(3, #lines)
  end)

  it("does not keep others asking, nor they it, where nothing is cached", function()
    local plugin = bed.strategy("table", function(query, ctx)
      ctx:sleep(5)
      return lookup(query)
    end, { cache = false })
    b = bed.open { plugin }
    watch()
    b.world:advance(10e3)
    watch()
    b.world:advance(10e3)
    local before = plugin.calls
    b.resolver.health:mark("a.test.", "192.0.2.1", "suspect", "failure")
    -- the answers of the one run out while the other is not asking
    b.world:advance(100e3)
    assert.is_true(plugin.calls > before)
    assert.is_true(plugin.calls < before + 250, ("asked %d times"):format(plugin.calls - before))
  end)

  it("calls stale answers suspect", function()
    open { cache = { stale = 3600 } }
    watch()
    b.world:advance(100)
    failing = "EHOSTUNREACH"
    b.world:advance(70e3)
    assert.same({ "added 192.0.2.1 resolved", "suspect 192.0.2.1 stale" }, lines)
  end)

  it("tells what somebody else's question has found", function()
    watch()
    b.world:advance(100)
    known["a.test."].A = { "192.0.2.2" }
    b:ask("a.test", "A", { fresh = true })
    b.world:advance(1)
    assert.equal("moved 192.0.2.1 > 192.0.2.2 resolved", lines[2])
  end)

  it("tells of a family that comes late, without holding up the other", function()
    local is_silent = true
    b = bed.open {
      bed.strategy("slow", function(query, ctx)
        if query.type == "A" then
          return query:answer({ "192.0.2.1" }, 60)
        elseif is_silent then
          ctx:sleep(2000)
          return query:nodata(10)
        end
        return query:answer({ "2001:db8::1" }, 60)
      end),
    }
    watch()
    b.world:advance(100)
    assert.same({ "added 192.0.2.1 resolved" }, lines)
    is_silent = false
    b.world:advance(13e3)
    assert.same({ "added 192.0.2.1 resolved", "added 2001:db8::1 resolved" }, lines)
  end)

  it("looks at everything anew when the network or the policy has changed", function()
    watch()
    b.world:advance(600)
    known["a.test."].A = { "192.0.2.2" }
    b.resolver:flush()
    b.world:network { { type = "link_added", index = 7, interface = "eth7", up = true } }
    b.world:advance(600)
    assert.equal("moved 192.0.2.1 > 192.0.2.2 network", lines[2])
    local policy = { strategies = { mlx.use("literal") } }
    local checked =
      assert(require("mlxresolve.policy").load(mlx.policy(policy), { world = b.world }))
    b.resolver:replace_policy(checked)
    b.world:advance(600)
    assert.matches("^[%a]+ 192%.0%.2%.2 ", lines[3])
    assert.equal(3, #lines)
  end)

  it("follows what the policy finds out after a change of the network", function()
    open {
      reactions = {
        mlx.use {
          name = "doubt",
          network_changed = function(_, _, ctx)
            ctx.cache:suspect({}, "another network")
            ctx:spawn(function()
              ctx:sleep(50)
              ctx:recheck("a.test")
            end)
            ctx:sleep(200)
          end,
        },
      },
    }
    watch()
    b.world:advance(100)
    b.world:network { { type = "link_added", index = 7, interface = "eth7", up = true } }
    b.world:advance(5000)
    assert.same({ "added 192.0.2.1 resolved", "suspect 192.0.2.1 another network" }, {
      lines[1],
      lines[2],
    })
    assert.matches("^added 192%.0%.2%.1 ", lines[3])
    assert.equal(3, #lines)
  end)

  describe("told of an address's health", function()
    before_each(function()
      watch()
      b.world:advance(100)
    end)

    local function change(state, reason)
      b.resolver.watches:health_changed("a.test.", "192.0.2.1", state, reason)
      b.world:advance(1)
      return lines[#lines]
    end

    it("tells of a doubt and of its end, each once", function()
      assert.equal("suspect 192.0.2.1 probe", change("suspect", "probe"))
      change("suspect", "probe")
      assert.equal(2, #lines)
      assert.equal("added 192.0.2.1 answered", change("verified", "answered"))
      change("verified", "answered")
      assert.equal(3, #lines)
    end)

    it("tells of its death and of what takes its place", function()
      known["a.test."].A = { "192.0.2.1", "192.0.2.2" }
      b.resolver:flush()
      b.resolver.health:mark("a.test.", "192.0.2.1", "dead", "probe")
      b.world:advance(10)
      assert.same(
        { "added 192.0.2.1 resolved", "gone 192.0.2.1 probe", "added 192.0.2.2 probe" },
        lines
      )
      b.resolver:flush()
      b.resolver.health:clear("a.test.", "192.0.2.1", "cleared")
      b.world:advance(10)
      assert.equal("added 192.0.2.1 cleared", lines[4])
    end)

    it("ends the doubt of a server that fails, when the host itself answers", function()
      failing = "EHOSTUNREACH"
      b.world:advance(70e3)
      assert.equal("suspect 192.0.2.1 EHOSTUNREACH", lines[2])
      assert.equal("added 192.0.2.1 answered", change("verified", "answered"))
    end)

    it("hears it from the book of addresses in doubt", function()
      b.resolver.health:mark("a.test.", "192.0.2.1", "suspect", "another network")
      b.world:advance(1)
      assert.equal("suspect 192.0.2.1 another network", lines[2])
      b.resolver.health:mark("a.test.", "192.0.2.1", "verified", "it says so")
      b.world:advance(1)
      assert.equal("added 192.0.2.1 it says so", lines[3])
    end)

    it("does not mind families and names that it does not have", function()
      b.resolver.watches:health_changed("a.test.", "2001:db8::1", "suspect", "probe")
      b.resolver.watches:health_changed("b.test.", "192.0.2.1", "dead", "probe")
      b.world:advance(1)
      assert.equal(1, #lines)
    end)
  end)
end)
