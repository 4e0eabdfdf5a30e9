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

  it("let every record count when no interface is named", function()
    assert.is_nil(scopes.filter(scopes.of({}, {}), speaking))
  end)

  it("leave out links without a wanted family", function()
    assert.equal("eth0", scopes.describe(scopes.of({}, { ipv4 = false }), speaking))
    assert.equal("", scopes.describe(scopes.of({}, { ipv4 = false, ipv6 = false }), speaking))
  end)
end)
