local networks = require("mlxresolve.onlink.networks")

describe("mlxresolve.onlink.networks", function()
  local function interface(index, name, address, prefix, fields)
    local all = { index = index, name = name, kind = "ethernet", up = true }
    all.addresses = { { address = address, prefix = prefix } }
    for key, value in pairs(fields or {}) do
      all[key] = value
    end
    return all
  end

  local ETH0 = interface(2, "eth0", "192.0.2.1", 24)

  it("finds the networks of interfaces that are up", function()
    local found, is_any = networks.present {
      interface(1, "lo", "127.0.0.1", 8, { kind = "loopback" }),
      ETH0,
      interface(3, "wlan0", "10.0.0.1", 24, { up = false }),
    }
    assert.is_true(is_any)
    assert.same({
      ["2 192.0.2.0/24"] = {
        index = 2,
        interface = "eth0",
        network = "192.0.2.0/24",
        is_link_local = false,
      },
    }, found)
  end)

  it("knows networks that mean nothing on another interface", function()
    local found = networks.present {
      interface(2, "eth0", "fe80::1%eth0", 64),
      interface(3, "wlan0", "169.254.1.2", 16),
    }
    assert.is_true(found["2 fe80::/64"].is_link_local)
    assert.is_true(found["3 169.254.0.0/16"].is_link_local)
  end)

  it("leaves out addresses that are not sure yet", function()
    local tentative = interface(2, "eth0", "192.0.2.1", 24)
    tentative.addresses[1].tentative = true
    local found, is_any = networks.present { tentative }
    assert.same({ {}, false }, { found, is_any })
  end)

  it("tells a world without interfaces from one without networks", function()
    assert.is_true(select(2, networks.present {}))
  end)

  it("keeps the networks of an interface that comes and goes, unless it joins others", function()
    local before = networks.present { ETH0 }
    local here = networks.present {}
    networks.hold(before, here, { [3] = true })
    assert.same({}, here)
    networks.hold(before, here, { [2] = true })
    assert.same(before, here)
    here = networks.present { interface(2, "eth0", "10.0.0.1", 24) }
    networks.hold(before, here, { [2] = true })
    assert.same(networks.present { interface(2, "eth0", "10.0.0.1", 24) }, here)
  end)

  it("lists what one table has and another lacks", function()
    local before = networks.present { ETH0 }
    assert.same({}, networks.missing(before, before))
    assert.same(
      { { key = "2 192.0.2.0/24", network = before["2 192.0.2.0/24"] } },
      networks.missing(before, {})
    )
  end)
end)
