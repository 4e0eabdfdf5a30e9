local bed = require("support.mdns_bed")
local links = require("mlxresolve.mdns.links")

describe("mlxresolve.mdns.links", function()
  local function names(list, named)
    local found = {}
    for i, link in ipairs(links.choose(list, named or {})) do
      found[i] = link.name .. (link.is_default and "" or " (named)")
    end
    return found
  end

  local tunnel = bed.interface { index = 8, name = "wg0", kind = "tunnel" }
  local serial = bed.interface { index = 9, name = "ppp0", kind = "other", point_to_point = true }

  it("are the interfaces that can multicast", function()
    assert.same({ "eth0", "wlan0" }, names { bed.loopback(), bed.interface(), bed.wifi() })
    assert.same({ "wlan0" }, names { bed.interface { multicast = false }, bed.wifi() })
  end)

  it("leave out what is down or has no address", function()
    assert.same({ "wlan0" }, names { bed.interface { up = false }, bed.wifi() })
    assert.same({ "wlan0" }, names { bed.interface { addresses = {} }, bed.wifi() })
  end)

  it("leave out tunnels and point-to-point ones unless they are named", function()
    assert.same({ "eth0" }, names { tunnel, serial, bed.interface() })
    assert.same(
      { "wg0 (named)", "ppp0 (named)", "eth0" },
      names({ tunnel, serial, bed.interface() }, { wg0 = true, ppp0 = true })
    )
  end)

  it("are loopback when there is nothing else, or when it is named", function()
    assert.same({ "lo" }, names { bed.loopback() })
    assert.same({ "lo" }, names { bed.loopback(), tunnel })
    assert.same({ "eth0", "lo (named)" }, names({ bed.loopback(), bed.interface() }, { lo = true }))
  end)

  it("stay loopback for the others when a tunnel is named", function()
    assert.same({ "wg0 (named)", "lo" }, names({ bed.loopback(), tunnel }, { wg0 = true }))
  end)

  it("speak the families of which they have a settled address", function()
    local tentative = bed.address("fe80::1%eth0", 64)
    tentative.tentative = true
    local list = { bed.interface { addresses = { bed.address("192.0.2.1", 24), tentative } } }
    local link = links.choose(list, {})[1]
    assert.is_true(link.ipv4)
    assert.is_false(link.ipv6)
  end)

  describe("tell what is on them:", function()
    local link = links.choose({ bed.interface() }, {})[1]

    it("their networks", function()
      assert.is_true(links.is_on(link, "192.0.2.200", 64))
      assert.is_false(links.is_on(link, "198.51.100.7", 64))
      assert.is_false(links.is_on(link, "2001:db8::7", 64))
    end)

    it("link-local sources", function()
      assert.is_true(links.is_on(link, "fe80::7%eth0", 64))
      assert.is_true(links.is_on(link, "169.254.3.4", 64))
    end)

    it("what no router has handled", function()
      assert.is_true(links.is_on(link, "198.51.100.7", 255))
      assert.is_false(links.is_on(link, "198.51.100.7", 254))
      assert.is_false(links.is_on(link, "198.51.100.7", -1))
    end)
  end)
end)
