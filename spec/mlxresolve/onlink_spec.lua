local bed = require("support.bed")
local core = require("mlxresolve.core")
local mlx = require("mlxresolve")

--- An interface; addresses as "192.0.2.1/24".
local function interface(index, name, addresses, fields)
  local list = {}
  for i, text in ipairs(addresses) do
    local address, prefix = text:match("^(.*)/(%d+)$")
    local family = address:find(":", 1, true) and "ipv6" or "ipv4"
    list[i] = { address = address, prefix = tonumber(prefix), family = family }
  end
  local all = { index = index, name = name, up = true, addresses = list, gateways = {} }
  all.kind = "ethernet"
  for key, value in pairs(fields or {}) do
    all[key] = value
  end
  return all
end

local LO = interface(1, "lo", { "127.0.0.1/8", "::1/128" }, { kind = "loopback" })

describe("mlxresolve.onlink", function()
  local b, onlink

  local function open(links, fields)
    local strategies = {
      bed.strategy("lan", function(query)
        return nil, "nobody answered " .. query.name, "ENOTFOUND"
      end),
      mlx.use("dns", { servers = { "192.0.2.53" }, zones = { "test" } }),
      mlx.use("native", { zones = { "native.local" } }),
    }
    b = bed.open(strategies, fields)
    b.world.links = links
    b.resolver.onlink = require("mlxresolve.onlink").new(b.resolver)
    onlink = b.resolver.onlink
  end

  local ETH0 = interface(2, "eth0", { "192.0.2.1/24", "fe80::1%eth0/64" })
  local WLAN0 = interface(3, "wlan0", { "10.0.0.1/24", "fe80::3%wlan0/64" })

  local function put(name, addresses, index, strategy)
    local type = addresses[1]:find(":", 1, true) and "AAAA" or "A"
    local note = { interface = index, strategy = b.resolver:strategy_hash(strategy or "lan") }
    b.resolver.cache:put(core.answer.build(name, type, addresses, 600), b.world:now(), note)
  end

  local function state(name, type)
    local entry = b.resolver:list({ name = name, type = type })[1]
    return entry and (entry.withheld and "withheld" or entry.suspect and "suspect" or "fine")
  end

  it("withholds what was heard in a network that is left", function()
    open { LO, ETH0, WLAN0 }
    put("mini2.local.", { "192.0.2.7" }, 2)
    put("mini2.local.", { "fe80::7" }, 2)
    put("mini3.local.", { "10.0.0.7" }, 3)
    local left, come, withheld = onlink:update { LO, WLAN0 }
    assert.same({ 2, 0, 2 }, { #left, #come, withheld })
    assert.same(
      { "withheld", "withheld" },
      { state("mini2.local", "A"), state("mini2.local", "AAAA") }
    )
    assert.equal("fine", state("mini3.local"))
    assert.equal("nxdomain", b:address("mini2.local"))
    assert.is_nil((b.resolver.cache:get("mini2.local.", 1, b.world:now())))
  end)

  it("withheld and gave back what other purposes had of the name", function()
    open { LO, ETH0, WLAN0 }
    put("mini2.local.", { "192.0.2.7" }, 2)
    local packet = core.answer.build("mini2.local.", "A", { "10.0.0.7" }, 600)
    b.resolver.cache:put(packet, b.world:now(), { interface = 2, purpose = 7 })
    onlink:update { LO, WLAN0 }
    assert.is_nil((b.resolver.cache:get("mini2.local.", 1, b.world:now())))
    assert.is_string((b.resolver.cache:get("mini2.local.", 1, b.world:now(), 7)))
    onlink:update { LO, ETH0, WLAN0 }
    assert.is_true((select(6, b.resolver.cache:copy("mini2.local.", 1, b.world:now()))))
    assert.is_false((select(6, b.resolver.cache:copy("mini2.local.", 1, b.world:now(), 7))))
  end)

  it("withholds when the link is lost, though the address stays", function()
    open { LO, ETH0, WLAN0 }
    put("mini2.local.", { "192.0.2.7" }, 2)
    onlink:update { LO, interface(2, "eth0", { "192.0.2.1/24" }, { up = false }), WLAN0 }
    assert.equal("withheld", state("mini2.local"))
  end)

  it("gives back, in doubt, what was withheld when the network returns", function()
    open { LO, ETH0, WLAN0 }
    put("mini2.local.", { "192.0.2.7" }, 2)
    onlink:update { LO, WLAN0 }
    local _, come = onlink:update { LO, ETH0, WLAN0 }
    assert.equal(2, #come)
    assert.equal("suspect", state("mini2.local"))
    assert.equal("192.0.2.7", b:address("mini2.local"))
    assert.equal(0, onlink.left_count)
  end)

  it("does not stop at thousands of answers, neither withholding nor giving back", function()
    open({ LO, ETH0, WLAN0 }, { cache = { size = "16MiB" } })
    for i = 1, 10000 do
      put(("host%d.local."):format(i), { "192.0.2.7" }, i % 2 == 0 and 2 or 0, "native")
    end
    local _, _, withheld = onlink:update { LO, WLAN0 }
    assert.equal(10000, withheld)
    onlink:update { LO, ETH0, WLAN0 }
    assert.equal(0, #b.resolver.cache:list(b.world:now(), { withheld = true }, 1))
  end)

  it("takes only the wrong addresses out of an answer", function()
    open { LO, ETH0, WLAN0 }
    put("mini2.local.", { "192.0.2.7", "203.0.113.7" }, 2)
    onlink:update { LO, WLAN0 }
    assert.equal("suspect", state("mini2.local"))
    assert.same({ "203.0.113.7" }, b.resolver:list({ name = "mini2.local" })[1].data)
  end)

  it("withholds nothing that is on another interface's network", function()
    open { LO, ETH0, interface(3, "wlan0", { "192.0.2.3/24" }) }
    put("mini2.local.", { "192.0.2.7" }, 2)
    onlink:update { LO, interface(3, "wlan0", { "192.0.2.3/24" }) }
    assert.equal("fine", state("mini2.local"))
  end)

  it("knows that link-local addresses mean nothing on another interface", function()
    open { LO, ETH0, WLAN0 }
    put("mini2.local.", { "fe80::7" }, 2)
    put("mini3.local.", { "fe80::8" }, 3)
    onlink:update { LO, WLAN0 }
    assert.equal("withheld", state("mini2.local"))
    assert.equal("fine", state("mini3.local"))
  end)

  it("leaves alone what unicast DNS says, which may be reached over a router", function()
    open { LO, ETH0, WLAN0 }
    put("a.test.", { "192.0.2.7" }, 0, "dns")
    onlink:update { LO, WLAN0 }
    assert.equal("fine", state("a.test"))
  end)

  it("withholds what the system says of names of the link", function()
    open { LO, ETH0, WLAN0 }
    put("x.native.local.", { "192.0.2.7" }, 0, "native")
    put("pinned.local.", { "192.0.2.7" }, 0, "lan")
    onlink:update { LO, WLAN0 }
    assert.equal("withheld", state("x.native.local"))
    assert.equal("fine", state("pinned.local"))
  end)

  it("keeps the networks of a link that comes and goes, unless it joins others", function()
    open { LO, ETH0, WLAN0 }
    put("mini2.local.", { "192.0.2.7" }, 2)
    onlink:update({ LO, WLAN0 }, { [2] = true })
    assert.equal("fine", state("mini2.local"))
    onlink:update({ LO, interface(2, "eth0", { "172.16.0.1/24" }), WLAN0 }, { [2] = true })
    assert.equal("withheld", state("mini2.local"))
  end)

  it("minds no tentative addresses", function()
    open { LO, ETH0 }
    local tentative = interface(3, "wlan0", { "10.0.0.1/24" })
    tentative.addresses[1].tentative = true
    local _, come = onlink:update { LO, ETH0, tentative }
    assert.equal(0, #come)
  end)

  describe("of answers that come after a network was left", function()
    local function answer_of(address, index, strategy)
      local answer = require("mlxresolve.answer").read(
        core.answer.build(
          "x.native.local.",
          "A",
          type(address) == "table" and address or { address },
          60
        )
      )
      answer.interface = index
      local hash = b.resolver:strategy_hash(strategy)
      return onlink:strip(answer, b.resolver.chain.by_hash[hash], "A")
    end

    before_each(function()
      open { LO, ETH0, WLAN0 }
      onlink:update { LO, WLAN0 }
    end)

    it("believes no address of it", function()
      assert.is_nil(answer_of("192.0.2.7", 2, "lan"))
      assert.is_nil(answer_of("192.0.2.7", false, "native"))
      assert.is_table(answer_of("10.0.0.7", 2, "lan"))
      assert.is_table(answer_of("192.0.2.7", false, "dns"))
      assert.same({ "10.0.0.7" }, answer_of({ "192.0.2.7", "10.0.0.7" }, 2, "lan"):data())
    end)

    it("lets the next strategy be asked", function()
      b.world.names["x.native.local."] = { "192.0.2.7" }
      local result = b:ask("x.native.local", "A", { trace = true })
      assert.equal("nxdomain", result.status)
      local tries = {}
      for i, try in ipairs(result.trace) do
        tries[i] = try.detail
      end
      assert.matches("of a network that this machine has left", table.concat(tries, "|"), 1, true)
    end)

    it("believes them again after ten minutes, or when it returns", function()
      b.world:advance(601e3)
      assert.is_table(answer_of("192.0.2.7", 2, "lan"))
      assert.equal(0, onlink.left_count)
      onlink:update { LO, ETH0 }
      assert.is_table(answer_of("192.0.2.7", 2, "lan"))
      assert.is_nil(answer_of("10.0.0.7", 3, "lan"))
    end)

    it("remembers 32 networks", function()
      for i = 1, 100 do
        onlink:update { LO, interface(2, "eth0", { ("172.16.%d.1/24"):format(i) }) }
        assert.is_true(onlink.left_count <= 32)
      end
    end)
  end)

  describe("without any network", function()
    local function offline()
      b.world.links = { LO, interface(2, "eth0", { "192.0.2.1/24" }, { up = false }) }
      onlink:update(b.world.links)
    end

    it("knows it", function()
      open { LO, ETH0 }
      assert.is_false(b.resolver:is_offline())
      offline()
      assert.is_true(b.resolver:is_offline())
      onlink:update { LO, ETH0 }
      assert.is_false(b.resolver:is_offline())
      onlink:update {}
      assert.is_false(b.resolver:is_offline())
    end)

    it("serves what it has at once, marked stale, where the policy allows", function()
      open({ LO, ETH0 }, { cache = { stale = "1h" } })
      put("mini2.local.", { "192.0.2.7" }, 2)
      offline()
      local began = b.world:now()
      local result = b:ask("mini2.local")
      assert.same(
        { "192.0.2.7", true, 0 },
        { result.addresses[1].address, result.stale, b.world:now() - began }
      )
    end)

    it("says nothing where the policy does not", function()
      open { LO, ETH0 }
      put("mini2.local.", { "192.0.2.7" }, 2)
      offline()
      assert.equal("nxdomain", b:address("mini2.local"))
    end)

    it("fails at once rather than at the deadline", function()
      open { LO, ETH0 }
      offline()
      b.world.servers["192.0.2.53:53"] = function()
        return nil, "no answer", "ETIMEOUT", 5000
      end
      local began = b.world:now()
      local _, message, code = b:ask("b.test")
      assert.same({ "ENETDOWN", "no interface but loopback is up" }, { code, message })
      assert.is_true(b.world:now() - began <= 250)
    end)
  end)

  describe("after a start with what an earlier process has heard", function()
    -- A machine that was carried elsewhere and switched on served addresses of the network before.
    it("withholds what fits no network that this machine is on", function()
      open { LO, ETH0 }
      put("mini2.local.", { "192.0.2.7" }, 2)
      put("mini3.local.", { "10.0.0.7" }, 2)
      put("mini4.local.", { "10.0.0.8", "192.0.2.8" }, 2)
      put("mini5.local.", { "fe80::7" }, 2)
      put("named.test.", { "10.9.9.9" }, 0, "dns")
      assert.equal(2, onlink:review())
      assert.equal("suspect", state("mini2.local"))
      assert.equal("withheld", state("mini3.local"))
      assert.equal("suspect", state("mini4.local"))
      assert.equal("suspect", state("mini5.local"))
      assert.equal("fine", state("named.test"))
      local packet = b.resolver.cache:copy("mini4.local.", 1, b.world:now())
      assert.same({ "192.0.2.8" }, core.answer.data(packet))
    end)

    it("gives it back when its network comes", function()
      open { LO, interface(2, "eth0", {}) }
      put("mini2.local.", { "192.0.2.7" }, 2)
      assert.equal(1, onlink:review())
      onlink:update { LO, ETH0 }
      assert.equal("suspect", state("mini2.local"))
    end)
  end)
end)
