local bed = require("support.mdns_bed")
local check = require("mlxresolve.mdns.check")
local links = require("mlxresolve.mdns.links")

describe("mlxresolve.mdns.check", function()
  local speaking = links.choose({ bed.interface(), bed.wifi() }, {})

  local function verdict(at)
    at.port = at.port or 5353
    at.interface = at.interface or 2
    at.hops = at.hops or 64
    local link, reason = check.link(speaking, at)
    return link and link.name or reason
  end

  it("believes what was sent to the group, from whatever source", function()
    assert.equal("eth0", verdict { from = "203.0.113.5", to = "224.0.0.251" })
    assert.equal("eth0", verdict { from = "2001:db8::7", to = "ff02::fb" })
    assert.equal("eth0", verdict { from = "2001:db8::7", to = "ff02::fb%eth0" })
  end)

  it("believes unicast from the link only [RFC 6762 11: off the link]", function()
    assert.equal("eth0", verdict { from = "192.0.2.7", to = "192.0.2.1" })
    assert.equal("off_link", verdict { from = "198.51.100.7", to = "192.0.2.1" })
    assert.equal("wlan0", verdict { from = "198.51.100.7", to = "192.0.2.1", interface = 3 })
  end)

  it("asks for the link when the destination is unknown", function()
    assert.equal("off_link", verdict { from = "203.0.113.5", to = false })
    assert.equal("eth0", verdict { from = "192.0.2.7", to = false })
  end)

  it("believes no port but 5353", function()
    assert.equal("port", verdict { from = "192.0.2.7", to = "224.0.0.251", port = 53 })
  end)

  it("listens on the links that are spoken on only", function()
    assert.equal("interface", verdict { from = "192.0.2.7", to = "224.0.0.251", interface = 9 })
  end)

  it("puts this machine's own replies, heard on loopback, where they belong", function()
    assert.equal("wlan0", verdict { from = "198.51.100.1", to = "198.51.100.1", interface = 1 })
    assert.equal("interface", verdict { from = "127.0.0.1", to = "127.0.0.1", interface = 1 })
  end)

  it("finds the link by the source when the interface is unknown", function()
    assert.equal("wlan0", verdict { from = "198.51.100.7", to = "192.0.2.1", interface = 0 })
    assert.equal("interface", verdict { from = "203.0.113.5", to = "192.0.2.1", interface = 0 })
  end)
end)
