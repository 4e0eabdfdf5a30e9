local bed = require("support.bed")
local core = require("mlxresolve.core")
local identity_bed = require("support.identity_bed")
local mlx = require("mlxresolve")

describe("plugin reverse_name", function()
  local b, dns

  -- The names of addresses as the rest of the policy knows them.
  local function open(options, names)
    dns = bed.strategy("dns", function(query, ctx)
      local name = names and names[query.name]
      if name == "slow" then
        ctx:sleep(5000)
      end
      return name and query:answer({ name }, 60) or query:nxdomain()
    end, { types = { "PTR" } })
    b = identity_bed.open(mlx.use("reverse_name", options), { dns })
  end

  -- A machine that answers mDNS questions sent to itself.
  local function machine(address, name)
    b.world.servers[address .. ":5353"] = function(asked, number)
      assert.equal("PTR", core.wire.type_name(number))
      return core.answer.build(asked, "PTR", { name }, 10), "answer", 10, 3
    end
  end

  it("believes a machine that says its name", function()
    open {}
    machine("10.0.0.5", "Mini2.local.")
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    assert.equal("5.0.0.10.in-addr.arpa.", b.world.asked[1].name)
  end)

  it("asks machines with IPv6", function()
    open {}
    machine("[fd00::5]", "mini2.local.")
    assert.is_true(b:identify("mini2.local.", "fd00::5"))
  end)

  it("believes the reverse zone", function()
    open({}, { ["5.0.0.10.in-addr.arpa."] = "mini2.lan." })
    machine("10.0.0.5", "mini2.local.")
    assert.is_true(b:identify("mini2.lan.", "10.0.0.5"))
    assert.equal(1, dns.calls)
  end)

  it("refuses a machine that is called otherwise", function()
    open {}
    machine("10.0.0.5", "mini3.local.")
    local ok, message, code = b:identify("mini2.local.", "10.0.0.5")
    assert.is_nil(ok)
    assert.equal("is called mini3.local.", message)
    assert.equal("EIDENTITY", code)
  end)

  it("cannot tell when nobody says a name, and knows that within its time", function()
    open({}, { ["5.0.0.10.in-addr.arpa."] = "slow" })
    local before = b.world:now()
    assert.same({}, { b:identify("mini2.local.", "10.0.0.5") })
    assert.equal(1000, b.world:now() - before)
  end)

  it("asks whom the policy wants", function()
    open({ ask = { "dns" } }, { ["5.0.0.10.in-addr.arpa."] = "mini2.local." })
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    assert.same({}, b.world.asked)
    open({ ask = { "mdns" } }, { ["5.0.0.10.in-addr.arpa."] = "mini2.local." })
    assert.same({}, { b:identify("mini2.local.", "10.0.0.5") })
    assert.equal(0, dns.calls)
  end)
end)
