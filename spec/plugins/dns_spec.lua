local bed = require("support.bed")

local two = 'strategies = { use("dns", { servers = { "192.0.2.53", "192.0.2.54:5353" } }) }'

-- Which servers were asked, in order.
local function asked(b)
  local list = {}
  for i, one in ipairs(b.world.asked) do
    list[i] = one.server
  end
  b.world.asked = {}
  return list
end

local function refuse()
  return nil, "connection refused", "ECONNREFUSED", 1
end

describe("plugins.dns", function()
  it("asks the first server, and no other when it answers", function()
    local b = bed.policy(two)
    b.world.servers["192.0.2.53"] = bed.server({ ["a.example."] = "192.0.2.1" }).answer
    assert.equal("192.0.2.1", b:address("a.example"))
    assert.same({ "192.0.2.53:53" }, asked(b))
  end)

  it("takes a denial for an answer", function()
    local b = bed.policy(two)
    b.world.servers["192.0.2.53"] = bed.server({}).answer
    assert.equal("nxdomain", b:address("a.example"))
    assert.same({ "192.0.2.53:53" }, asked(b))
  end)

  it("asks the next server when one is silent or fails", function()
    local b = bed.policy(two)
    b.world.servers["192.0.2.54:5353"] = bed.server({ ["a.example."] = "192.0.2.1" }).answer
    assert.equal("192.0.2.1", b:address("a.example"))
    assert.same({ "192.0.2.53:53", "192.0.2.54:5353" }, asked(b))
  end)

  it("asks a server that failed lately last, and first again later", function()
    local b = bed.policy(two)
    local known = { ["a.example."] = "192.0.2.1", ["b.example."] = "192.0.2.2" }
    known["c.example."] = "192.0.2.3"
    b.world.servers["192.0.2.53"] = refuse
    b.world.servers["192.0.2.54:5353"] = bed.server(known).answer
    b:address("a.example")
    asked(b)
    b:address("b.example")
    assert.same({ "192.0.2.54:5353" }, asked(b))
    b.world:advance(5000)
    b:address("c.example")
    assert.same({ "192.0.2.53:53", "192.0.2.54:5353" }, asked(b))
  end)

  it("hands on the last failure when no server answers", function()
    local b = bed.policy(two)
    b.world.servers["192.0.2.53"], b.world.servers["192.0.2.54:5353"] = refuse, refuse
    assert.equal("ECONNREFUSED", b:address("a.example"))
  end)

  it("uses the servers of the system", function()
    local b = bed.policy('strategies = { use("dns") }', {
      ["/etc/resolv.conf"] = "nameserver 192.0.2.53\n",
    })
    b.world.servers["192.0.2.53"] = bed.server({ ["a.example."] = "192.0.2.1" }).answer
    assert.equal("192.0.2.1", b:address("a.example"))
  end)

  it("says so when the system names no server", function()
    local b = bed.policy('strategies = { use("dns") }')
    assert.equal("ENOSERVER", b:address("a.example"))
  end)

  it(
    "keeps names that must not leave the link to itself"
      .. " [RFC 6762 3: names of the link] [RFC 6762 4: reverse names]"
      .. " [RFC 6761 6.2: test] [RFC 6761 6.4: invalid] [RFC 7686 2: onion]",
    function()
      local b = bed.policy(two)
      for _, name in ipairs {
        "mini2.local",
        "a.localhost",
        "x.invalid",
        "y.onion",
        "z.test",
        "1.2.254.169.in-addr.arpa",
        ("0."):rep(28) .. "0.8.e.f.ip6.arpa",
      } do
        assert.equal("nxdomain", b:address(name), name)
      end
      assert.same({}, asked(b))
    end
  )

  it("asks for them when its zones name them", function()
    local b = bed.policy([[strategies = {
      use("dns", { servers = { "192.0.2.53" }, zones = { "local" } }) }]])
    b.world.servers["192.0.2.53"] = bed.server({ ["mini2.local."] = "192.0.2.1" }).answer
    assert.equal("192.0.2.1", b:address("mini2.local"))
    assert.equal("EREFUSED", b:address("mini2.example"))
  end)
end)
