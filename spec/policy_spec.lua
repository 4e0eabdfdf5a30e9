--- Policies from files at work: loaded, checked and run by the chain in a virtual world.
local bed = require("support.bed")
local core = require("mlxresolve.core")
local policy = require("mlxresolve.policy")

local function server(world, address, known)
  local made = bed.server(known)
  world.servers[address] = made.answer
  return made
end

describe("a policy at work", function()
  local open = bed.policy

  it("answers from its plugins in its order", function()
    local b = open(
      [[strategies = { use("literal"), use("localhost"), use("hosts"),
        use("dns", { servers = { "192.0.2.53" } }) }]],
      { ["/etc/hosts"] = "192.0.2.10 gpu1.example\n" }
    )
    server(
      b.world,
      "192.0.2.53",
      { ["www.example."] = "192.0.2.80", ["gpu1.example."] = "0.0.0.0" }
    )
    assert.equal("192.0.2.1", b:address("192.0.2.1"))
    assert.equal("::1", b:address("a.localhost", "AAAA"))
    assert.equal("192.0.2.10", b:address("GPU1.example"))
    assert.equal("nodata", b:address("gpu1.example", "AAAA"))
    assert.equal("192.0.2.80", b:address("www.example"))
    assert.equal("hosts", b:ask("gpu1.example").addresses[1].strategy)
  end)

  it("answers an edited hosts file after the TTL", function()
    local b = open('strategies = { use("hosts") }', { ["/etc/hosts"] = "192.0.2.1 a" })
    assert.equal("192.0.2.1", b:address("a"))
    b.world.files["/etc/hosts"] = "192.0.2.2 a"
    b.world:advance(6000)
    assert.equal("192.0.2.2", b:address("a"))
  end)

  it("rewrites a zone, with a CNAME in front", function()
    local b = open(
      'strategies = { use("rewrite", { zones = { "cluster" }, to = "local" }), use("hosts") }',
      { ["/etc/hosts"] = "192.0.2.10 mini2.local\n" }
    )
    local result = b:ask("mini2.cluster")
    assert.equal("192.0.2.10", result.addresses[1].address)
    assert.equal("CNAME", result.records[1].type)
    assert.equal("mini2.local.", result.records[1].data)
  end)

  it("does not rewrite in a circle", function()
    local b = open([[strategies = { use("rewrite", { zones = { "a" }, to = "b" }),
      use("rewrite", { zones = { "b" }, to = "a" }) }]])
    assert.equal("ELOOP", b:address("x.a"))
  end)

  it("blocks a zone and ends the search there", function()
    local b = open([[strategies = { use("block", { zones = { "ads.example" } }),
      use("dns", { servers = { "192.0.2.53" } }) }]])
    local dns = server(b.world, "192.0.2.53", { ["x.ads.example."] = "192.0.2.66" })
    assert.equal("nxdomain", b:address("x.ads.example"))
    assert.equal(0, dns.calls)
  end)

  it("asks the system, and tells when it knows nothing", function()
    local b = open('strategies = { use("native") }')
    b.world.names["mini2.local."] = { "192.0.2.2", "2001:db8::2" }
    assert.equal("192.0.2.2", b:address("mini2.local"))
    assert.equal("2001:db8::2", b:address("mini2.local", "AAAA"))
    assert.equal("nxdomain", b:address("mini3.local"))
  end)

  it("runs another pass when the retry policy says so", function()
    local b = open([[strategies = { use("dns", { servers = { "192.0.2.53" } }) },
      retries = { use("backoff", { attempts = 3, first = "100ms", jitter = 0 }) }]])
    local calls = 0
    b.world.servers["192.0.2.53"] = function(name)
      calls = calls + 1
      if calls < 3 then
        return nil, "connection refused", "ECONNREFUSED", 1
      end
      return core.answer.build(name, "A", { "192.0.2.9" }, 60), "answer", 60, 1
    end
    assert.equal("192.0.2.9", b:address("www.example"))
    assert.equal(3, calls)
  end)

  it("forgets what was learnt over an interface that went away", function()
    local b = open('strategies = { use("hosts") }, reactions = { use("flush") }')
    b.world.links = { { name = "eth0", index = 2, up = true, addresses = {} } }
    local function keep(name, interface)
      local packet = core.answer.build(name, "A", { "192.0.2.1" }, 60)
      b.resolver.cache:put(packet, b.world:now(), { interface = interface })
    end
    keep("gone.local.", 2)
    keep("here.local.", 3)
    b.world.links = {}
    b.world:network {
      { type = "link_removed", index = 2, interface = "eth0", up = false },
    }
    b.world:advance(600)
    assert.is_nil(b.resolver.cache:get("gone.local.", 1, b.world:now()))
    assert.is_string((b.resolver.cache:get("here.local.", 1, b.world:now())))
  end)

  it("keeps instances of unchanged uses over a reload", function()
    local b = open('strategies = { use("hosts"), use("localhost") }')
    local before = b.resolver.chain.instances
    b.world.files["/etc/policy.lua"] = b.world.files["/etc/policy.lua"]:gsub(
      'use%("localhost"%)',
      'use("localhost", { ttl = "9s" })'
    )
    local checked = assert(policy.load("/etc/policy.lua", {
      world = b.world,
      plugin_dirs = { "/plugins" },
    }))
    b.resolver:replace_policy(checked)
    local kept, made = 0, 0
    for hash in pairs(b.resolver.chain.instances) do
      kept = kept + (before[hash] and 1 or 0)
      made = made + (before[hash] and 0 or 1)
    end
    -- hosts, and the reaction that every policy has
    assert.same({ 2, 1 }, { kept, made })
  end)
end)
