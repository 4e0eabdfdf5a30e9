local absence = require("mlxresolve.mdns.absence")
local bed = require("support.mdns_bed")
local scopes = require("mlxresolve.mdns.scopes")

describe("mlxresolve.mdns.absence", function()
  local function explain(names, options)
    local link = bed.new {
      links = {
        bed.interface { addresses = { bed.address("192.0.2.1", 24) } },
        bed.interface { index = 3, name = "wlan0", up = false },
        bed.interface { index = 4, name = "eth1", addresses = {} },
      },
    }
    link.engine:open()
    options = options or {}
    options.interfaces = names
    return absence.explain(link.engine, names, scopes.of({}, options))
  end

  it("says nothing when all that are named are asked on, or none is named", function()
    assert.is_nil(explain { "eth0" })
    assert.is_nil(explain {})
    assert.is_nil(explain(nil))
  end)

  it("tells an absent interface from one that is down and one without an address", function()
    assert.equal("tun9: there is no such interface", explain { "tun9" })
    assert.equal("wlan0: the interface is down", explain { "wlan0" })
    assert.equal("eth1: the interface has no address to ask from", explain { "eth1" })
    assert.equal(
      "eth0: the interface has no IPv6 address to ask from",
      explain({ "eth0" }, { ipv4 = false })
    )
  end)

  it("names all of them, and what may be meant", function()
    assert.equal(
      "wlan0: the interface is down; eht0: there is no such interface (did you mean 'eth0'?)",
      explain { "eth0", "wlan0", "eht0" }
    )
  end)
end)
