local bed = require("support.mdns_bed")
local links = require("mlxresolve.mdns.links")
local scopes = require("mlxresolve.mdns.scopes")

describe("mlxresolve.mdns.scopes", function()
  local speaking = links.choose({ bed.interface(), bed.wifi(), bed.loopback() }, { lo = true })

  it("are the same for the same options", function()
    local known = {}
    assert.equal(scopes.of(known, {}), scopes.of(known, { timeout = 5 }))
    assert.not_equal(scopes.of(known, {}), scopes.of(known, { ipv6 = false }))
    local named = scopes.of(known, { interfaces = { "eth0" } })
    assert.equal(named, scopes.of(known, { interfaces = { "eth0" } }))
    assert.not_equal(named, scopes.of(known, {}))
  end)

  it("are every default link unless interfaces are named", function()
    assert.equal("eth0, wlan0", scopes.describe(scopes.of({}, {}), speaking))
    local named = scopes.of({}, { interfaces = { "lo", "wlan0", "eth7" } })
    assert.equal("wlan0, lo", scopes.describe(named, speaking))
    assert.same({ [3] = true, [1] = true }, scopes.filter(named, speaking))
  end)

  it("have a link when one of those that they mean speaks a wanted family", function()
    assert.is_true(scopes.has_link(scopes.of({}, { ipv4 = false }), speaking))
    assert.is_false(scopes.has_link(scopes.of({}, { ipv4 = false, ipv6 = false }), speaking))
    assert.is_true(scopes.has_link(scopes.of({}, { interfaces = { "wlan0" } }), speaking))
    assert.is_false(scopes.has_link(scopes.of({}, { interfaces = { "eth7" } }), speaking))
  end)

  it("let every record count when no interface is named", function()
    assert.is_nil(scopes.filter(scopes.of({}, {}), speaking))
  end)

  it("leave out links without a wanted family", function()
    assert.equal("eth0", scopes.describe(scopes.of({}, { ipv4 = false }), speaking))
    assert.equal("", scopes.describe(scopes.of({}, { ipv4 = false, ipv6 = false }), speaking))
  end)

  describe("divide the families of a question", function()
    local both = { ipv4 = true, ipv6 = true }
    local function families(scope, link, part)
      local found = scopes.families(scope, link, part)
      return (found.ipv4 and "4" or "") .. (found.ipv6 and "6" or "")
    end

    it("into IPv4 first and IPv6 then", function()
      assert.equal("46", families(both, both, false))
      assert.equal("4", families(both, both, "leading"))
      assert.equal("6", families(both, both, "trailing"))
    end)

    it("into one and nothing where only one is spoken", function()
      for part, wanted in pairs { leading = "6", trailing = "" } do
        assert.equal(wanted, families(both, { ipv4 = false, ipv6 = true }, part))
        assert.equal(wanted, families({ ipv4 = false, ipv6 = true }, both, part))
      end
      assert.equal("", families(both, { ipv4 = true, ipv6 = false }, "trailing"))
    end)
  end)
end)
