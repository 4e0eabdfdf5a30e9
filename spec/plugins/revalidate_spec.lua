local bed = require("support.bed")
local core = require("mlxresolve.core")
local mlx = require("mlxresolve")

local function interface(index, name, address, fields)
  local all = { index = index, name = name, up = true, kind = "ethernet", gateways = {} }
  all.addresses = { { address = address, prefix = 24, family = "ipv4" } }
  for key, value in pairs(fields or {}) do
    all[key] = value
  end
  return all
end

describe("plugins.revalidate", function()
  local b, asked, says

  --- A resolver whose strategy says `says[name]` and notes who was asked for and when.
  local function open(options, fields)
    local policy = { cache = { max_ttl = "1d" } }
    if options then
      policy.reactions = { mlx.use("revalidate", options) }
    end
    for key, value in pairs(fields or {}) do
      policy[key] = value
    end
    asked, says = {}, {}
    b = bed.open({
      bed.strategy("lan", function(query)
        asked[#asked + 1] = { name = query.name, at = b.world:now() }
        local said = says[query.name]
        if said == "down" then
          return nil, "nobody can be asked", "ENETDOWN"
        end
        return said and query:answer({ a = said }, 3600) or query:nxdomain(60)
      end),
    }, policy)
    b.world.links = { interface(2, "eth0", "192.0.2.1"), interface(3, "wlan0", "198.51.100.1") }
    b.world:network { { type = "address_added", index = 2, interface = "eth0" } }
    b.world:advance(600)
    asked = {}
  end

  local function put(name, address, index)
    local note = { interface = index, strategy = b.resolver:strategy_hash("lan") }
    local packet = core.answer.build(name, "A", { address }, 3600)
    b.resolver.cache:put(packet, b.world:now(), note)
    says[name] = says[name] or address
  end

  local function link(index, up)
    local name = index == 2 and "eth0" or "wlan0"
    b.world.links[index - 1].up = up
    b.world:network { { type = "link_changed", index = index, interface = name, up = up } }
  end

  local function names()
    local list = {}
    for i, one in ipairs(asked) do
      list[i] = one.name
    end
    table.sort(list)
    return list
  end

  local function entry(name)
    return b.resolver:list({ name = name })[1]
  end

  it("is at work unless the policy says otherwise", function()
    open()
    put("mini2.lan.", "203.0.113.2", 3)
    link(3, true)
    b.world:advance(499)
    assert.same({}, names())
    b.world:advance(101)
    assert.same({ "mini2.lan." }, names())
    open(nil, { reactions = {} })
    put("mini2.lan.", "203.0.113.2", 3)
    link(3, true)
    b.world:advance(1000)
    assert.same({}, names())
  end)

  it("leaves alone what the change does not touch", function()
    open()
    put("near.lan.", "192.0.2.2", 2)
    put("far.lan.", "198.51.100.2", 3)
    put("dns.lan.", "203.0.113.1", 0)
    link(3, true)
    b.world:advance(1000)
    assert.same({ "far.lan." }, names())
    assert.is_false(entry("near.lan").suspect)
    b.world.links[1].addresses[2] = { address = "192.0.2.99", prefix = 24, family = "ipv4" }
    b.world:network {
      { type = "address_added", index = 2, interface = "eth0", address = "192.0.2.99" },
    }
    b.world:advance(1000)
    assert.equal(1, #asked)
  end)

  it("replaces what moved before anybody asks", function()
    open()
    put("mini2.lan.", "203.0.113.2", 3)
    says["mini2.lan."] = "203.0.113.3"
    link(3, true)
    b.world:advance(1000)
    assert.same({ "203.0.113.3" }, entry("mini2.lan").data)
    assert.is_false(entry("mini2.lan").suspect)
  end)

  it("serves what is in doubt meanwhile", function()
    open()
    put("mini2.lan.", "203.0.113.2", 3)
    says["mini2.lan."] = "down"
    link(3, true)
    b.world:advance(600)
    local result = b:ask("mini2.lan")
    assert.same({ "203.0.113.2", true }, { result.addresses[1].address, result.suspect })
  end)

  it("tries again where nobody could be asked", function()
    open { again = { "1s", "2s" } }
    put("mini2.lan.", "203.0.113.2", 3)
    says["mini2.lan."] = "down"
    link(3, true)
    b.world:advance(1000)
    assert.is_true(entry("mini2.lan").suspect)
    says["mini2.lan."] = "203.0.113.2"
    b.world:advance(1000)
    assert.is_false(entry("mini2.lan").suspect)
  end)

  it("looks into names in use only; the others when somebody asks", function()
    open()
    put("old.lan.", "203.0.113.2", 3)
    b.world:advance(70e3)
    put("new.lan.", "203.0.113.3", 3)
    link(3, true)
    b.world:advance(1000)
    assert.same({ "new.lan." }, names())
    assert.is_true(entry("old.lan").suspect)
    says["old.lan."] = "203.0.113.9"
    assert.equal("203.0.113.2", b:address("old.lan"))
    b.world:advance(100)
    assert.equal("203.0.113.9", b:address("old.lan"))
  end)

  it("counts peers as in use", function()
    open(nil, { peers = { "old.lan:50051" } })
    put("old.lan.", "203.0.113.2", 3)
    b.world:advance(70e3)
    link(3, true)
    b.world:advance(1000)
    assert.same({ "old.lan." }, names())
  end)

  it("looks into so many at a time, spread in time, the latest first", function()
    open { most = 8, rate = 10 }
    for i = 1, 20 do
      put(("n%02d.lan."):format(i), "203.0.113.2", 3)
      b.world:advance(i == 12 and 8000 or 0)
    end
    link(3, true)
    b.world:advance(5000)
    assert.equal(8, #asked)
    for i, one in ipairs(asked) do
      assert.is_true(tonumber(one.name:match("%d+")) > 12, one.name)
      assert.equal(asked[1].at + (i - 1) * 100, one.at)
    end
  end)

  it("doubts everything when the default route is another", function()
    open()
    put("dns.lan.", "203.0.113.1", 0)
    b.world.links[1].gateways = { "192.0.2.254" }
    b.world:network {
      { type = "route_added", index = 2, interface = "eth0", gateway = "192.0.2.254" },
    }
    b.world:advance(1000)
    assert.same({ "dns.lan." }, names())
  end)

  it("doubts what unicast DNS leads into a network that was left", function()
    open()
    put("dns.lan.", "198.51.100.9", 0)
    put("other.lan.", "203.0.113.9", 0)
    b.world.links[2].addresses = {}
    b.world:network {
      { type = "address_removed", index = 3, interface = "wlan0", address = "198.51.100.1" },
    }
    b.world:advance(1000)
    assert.same({ "dns.lan." }, names())
  end)

  it("looks for what is withheld, so that it is found elsewhere", function()
    open()
    put("mini2.lan.", "198.51.100.2", 3)
    says["mini2.lan."] = "192.0.2.2"
    link(3, false)
    assert.is_true(entry("mini2.lan").withheld)
    b.world:advance(1000)
    assert.same({ "192.0.2.2" }, entry("mini2.lan").data)
  end)

  it("probes addresses where the policy says how", function()
    local probed = {}
    open {
      probe = mlx.use {
        name = "alive",
        probe = function(_, endpoint)
          probed[#probed + 1] = endpoint.address
          return nil, "connection refused", "ECONNREFUSED"
        end,
      },
    }
    put("mini2.lan.", "203.0.113.2", 3)
    link(3, true)
    b.world:advance(1000)
    assert.same({ "203.0.113.2" }, probed)
    assert.equal("dead", b.resolver.health:of("mini2.lan.", "203.0.113.2").state)
  end)

  it("looks once more at what was looked at while the network changed again", function()
    open()
    put("mini2.lan.", "203.0.113.2", 3)
    link(3, true)
    b.world:advance(499)
    local calls = 0
    b.resolver.chain.steps[1].instance.plugin.resolve = function(_, query, ctx)
      calls = calls + 1
      ctx:sleep(1000)
      return query:answer({ a = calls == 1 and "203.0.113.2" or "203.0.113.3" }, 3600)
    end
    b.world:advance(101)
    b.resolver.plugin_cache:suspect { interface = 3 }
    b.world:advance(2000)
    assert.equal(2, calls)
    assert.same({ "203.0.113.3" }, entry("mini2.lan").data)
  end)

  it("takes a hundred flaps for one change, and loses no name", function()
    open()
    put("mini2.lan.", "198.51.100.2", 3)
    for _ = 1, 100 do
      link(3, false)
      b.world:advance(50)
      link(3, true)
      b.world:advance(50)
    end
    b.world:advance(5000)
    assert.is_true(#asked <= 2, #asked)
    assert.same({ "198.51.100.2" }, entry("mini2.lan").data)
    assert.is_false(entry("mini2.lan").suspect)
    assert.equal(2, b.resolver.changes)
  end)
end)
