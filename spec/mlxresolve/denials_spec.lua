local bed = require("support.bed")
local mdns_bed = require("support.mdns_bed")
local mlx = require("mlxresolve")

local function dns(server, more)
  return ('use("dns", { servers = { "192.0.2.%d" }%s })'):format(server, more or "")
end

-- What another type costs after A was asked for: nothing, or another question to the last server.
local function asked_for(b, name, server)
  local calls = server.calls
  b:address(name, "MX")
  return server.calls - calls
end

local function open(...)
  local b = bed.policy(("strategies = { %s }"):format(table.concat({ ... }, ", ")))
  local server = bed.server { ["known.example."] = "192.0.2.1" }
  b.world.servers["192.0.2.53"] = server.answer
  return b, server
end

describe("mlxresolve.denials", function()
  it("hold for all types of the name [RFC 2308 5: any type]", function()
    local b, server = open(dns(53))
    assert.equal("nxdomain", b:address("a.example"))
    assert.equal(0, asked_for(b, "a.example", server))
    assert.equal("nxdomain", b:address("a.example", "TXT"))
    assert.equal("192.0.2.1", b:address("known.example"))
    assert.equal(1, asked_for(b, "known.example", server))
  end)

  it("hold for their time", function()
    local b, server = open(dns(53))
    b:address("a.example")
    b.world:advance(60000)
    assert.equal(1, asked_for(b, "a.example", server))
  end)

  it("hold behind strategies that tell names apart, not types", function()
    local b, server = open('use("literal")', 'use("this_host")', 'use("hosts")', dns(53))
    b:address("a.example")
    assert.equal(0, asked_for(b, "a.example", server))
  end)

  it("do not hide what the hosts files leave to others by type alone", function()
    local b, server = open('use("hosts", { ttl = "1s" })', dns(53))
    b.world.files["/etc/hosts"] = "192.0.2.7 mine.example\n"
    assert.equal("nxdomain", b:address("mine.example", "MX"))
    assert.equal("192.0.2.7", b:address("mine.example"))
    b.world:advance(2000)
    b.resolver:flush { name = "mine.example", type = "A" }
    assert.equal("nxdomain", b:address("mine.example", "TXT"))
    assert.equal("192.0.2.7", b:address("mine.example"))
    assert.equal(2, server.calls)
  end)

  local limited = {
    ["has types"] = dns(53, ', types = { "A" }'),
    ["stands behind one that has types"] = dns(9, ', types = { "MX" }') .. "," .. dns(53),
    ["stands behind one whose zones meet its own"] = dns(9, ', types = {"MX"}, zones = {"b.a"}')
      .. ","
      .. dns(53, ', zones = { "a" }'),
    ["stands behind one that passes its denials on"] = dns(53, ', denials = "pass"') .. "," .. dns(
      53
    ),
    ["stands behind one that nothing is known of"] = "use { name = 'x', resolve = function() end },"
      .. dns(53),
    ["stands behind the system's own resolver"] = 'use("native"),' .. dns(53),
    ["races one that has types"] = ('mlx.race { after = "1s", %s, %s }'):format(
      dns(53),
      dns(9, ', types = { "MX" }')
    ),
    ["is one that nothing is known of"] = [[
      use { name = "mine", resolve = function(_, query) return query:nxdomain(60) end }]],
  }
  for what, strategies in pairs(limited) do
    it("hold for the type alone where the strategy " .. what, function()
      local b = open(strategies)
      local name = "x.b.a"
      assert.equal("nxdomain", b:address(name))
      local before = b.resolver.flights.started
      b:address(name, "AAAA")
      assert.equal(before + 1, b.resolver.flights.started)
    end)
  end

  local whole = {
    ["has zones of its own"] = dns(9, ', types = { "MX" }, zones = { "corp" }')
      .. ","
      .. dns(53, ', except = { "corp" }'),
    ["comes first"] = dns(53) .. "," .. dns(9, ', types = { "MX" }'),
    ["leaves out what another has"] = 'use("mdns"),' .. dns(53),
    ["races its like"] = ('mlx.race { after = "1s", %s, %s }'):format(dns(53), dns(9)),
  }
  for what, strategies in pairs(whole) do
    it("hold for all types where the strategy " .. what, function()
      local b = open(strategies)
      assert.equal("nxdomain", b:address("x.example"))
      local before = b.resolver.flights.started
      assert.equal("nxdomain", b:address("x.example", "AAAA"))
      assert.equal(before, b.resolver.flights.started)
    end)
  end

  it("are not made of silence over mDNS", function()
    local b = bed.open { mlx.use("mdns", { timeout = "100ms" }) }
    mdns_bed.attach(b.world)
    assert.equal("nxdomain", b:address("mini2.local"))
    local before = b.resolver.flights.started
    b:address("mini2.local", "AAAA")
    assert.equal(before + 1, b.resolver.flights.started)
  end)

  it("do not hide names below, which resolvers have of their own under zones they deny", function()
    local b, server = open(dns(53))
    assert.equal("nxdomain", b:address("example"))
    assert.equal("192.0.2.1", b:address("known.example"))
    assert.equal(2, server.calls)
  end)

  it("do not outlive a flush of the name", function()
    local b, server = open(dns(53))
    b:address("a.example")
    b.resolver:flush { name = "a.example" }
    assert.equal(1, asked_for(b, "a.example", server))
  end)
end)
