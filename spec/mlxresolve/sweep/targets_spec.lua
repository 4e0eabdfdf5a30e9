local lan = require("support.virtual_lan")
local targets = require("mlxresolve.sweep.targets")

describe("mlxresolve.sweep.targets", function()
  local function texts(list)
    local found = {}
    for i, target in ipairs(list) do
      found[i] = ("%s %d"):format(target.address, target.index)
    end
    return found
  end

  it("takes the smaller part of what is attached and what is named", function()
    local links = { lan.link(2, "eth0", { "10.0.0.1/24", "fd00::1/64" }) }
    local function allowed(...)
      local found = targets.links(links, { ... })
      return found[1] and found[1].allowed
    end
    assert.same({ "10.0.0.64/26" }, allowed("10.0.0.64/26"))
    assert.same({ "10.0.0.0/24" }, allowed("10.0.0.0/8"))
    assert.same({ "10.0.0.0/24", "fd00::/64" }, allowed("fd00::/8", "10.0.0.0/24"))
    assert.is_nil(allowed("10.0.1.0/24", "fd01::/16"))
  end)

  it("leaves out links that nobody should be looked for on", function()
    local links = targets.links({
      lan.link(1, "lo", { "127.0.0.1/8" }, { kind = "loopback" }),
      lan.link(2, "tun0", { "10.1.0.1/24" }, { kind = "tunnel" }),
      lan.link(3, "ptp0", { "10.2.0.1/24" }, { point_to_point = true }),
      lan.link(4, "eth0", { "10.3.0.1/24" }, { up = false }),
      lan.link(5, "eth1", {}),
      lan.link(6, "wlan0", { "10.4.0.1/24" }, { kind = "wifi" }),
    }, "attached")
    assert.equal(1, #links)
    assert.equal(6, links[1].index)
  end)

  it("puts neighbours that were heard lately first, and link-local ones last", function()
    local links = targets.links { lan.link(2, "eth0", { "fd00::1/64", "fe80::1%eth0/64" }) }
    local list = targets.neighbours(links, {
      lan.neighbour(2, "fe80::5%eth0"),
      lan.neighbour(2, "fd00::5", nil, false),
      lan.neighbour(2, "fd00::6"),
      lan.neighbour(2, "10.0.0.5"),
      lan.neighbour(3, "fd00::7"),
      lan.neighbour(2, "fd00::1"),
    }, { family = "ipv6" })
    assert.same({ "fd00::6 2", "fd00::5 2", "fe80::5%eth0 2" }, texts(list))
  end)

  it("keeps to the named networks with neighbours, for IPv6 where some are named", function()
    local neighbours = {
      lan.neighbour(2, "10.0.0.5"),
      lan.neighbour(2, "10.0.0.200"),
      lan.neighbour(2, "fd00::5"),
      lan.neighbour(2, "fd00::1:5"),
    }
    local function found(family, ...)
      local options = { family = family, networks = { ... } }
      local links = { lan.link(2, "eth0", { "10.0.0.1/24", "fd00::1/64" }) }
      links = targets.links(links, options.networks)
      return texts(targets.neighbours(links, neighbours, options))
    end
    assert.same({ "10.0.0.200 2" }, found("ipv4", "10.0.0.128/25"))
    assert.same({ "fd00::5 2", "fd00::1:5 2" }, found("ipv6", "10.0.0.128/25"))
    assert.same({ "fd00::1:5 2" }, found("ipv6", "10.0.0.128/25", "fd00::1:0/112"))
    assert.same({}, found("ipv6", "10.1.0.0/25"))
  end)

  it("finds one machine by its MAC or address", function()
    local links = targets.links { lan.link(2, "eth0", { "10.0.0.1/24" }) }
    local neighbours = {
      lan.neighbour(2, "10.0.0.5", "02:00:00:00:00:05"),
      lan.neighbour(2, "10.0.0.6", "02:00:00:00:00:06"),
    }
    local function found(options)
      options.family = "ipv4"
      return texts(targets.neighbours(links, neighbours, options))
    end
    assert.same({ "10.0.0.6 2" }, found { mac = "02:00:00:00:00:06" })
    assert.same({ "10.0.0.5 2" }, found { address = "10.0.0.5" })
  end)

  it("leaves out its own addresses and those that are for everybody", function()
    local links = targets.links({ lan.link(2, "eth0", { "10.0.0.1/29" }) }, "attached")
    assert.same({
      "10.0.0.2 2",
      "10.0.0.3 2",
      "10.0.0.4 2",
      "10.0.0.5 2",
      "10.0.0.6 2",
    }, texts(targets.addresses(links, 1024)))
  end)

  it("takes both addresses of a network of two", function()
    local links = targets.links({ lan.link(2, "eth0", { "10.0.0.0/31" }) }, "attached")
    assert.same({ "10.0.0.1 2" }, texts(targets.addresses(links, 1024)))
  end)

  it("takes an address once, though two links have its network", function()
    local links = targets.links({
      lan.link(2, "eth0", { "10.0.0.1/30" }),
      lan.link(3, "wlan0", { "10.0.0.2/30" }),
    }, "attached")
    local list = texts(targets.addresses(links, 1024))
    table.sort(list)
    assert.same({ "10.0.0.1 3", "10.0.0.2 2" }, list)
  end)

  it("keeps to the limit over all networks", function()
    local links = targets.links({
      lan.link(2, "eth0", { "10.0.0.1/8" }),
      lan.link(3, "eth1", { "192.168.0.1/24" }),
    }, "attached")
    assert.equal(1024, #targets.addresses(links, 1024))
  end)
end)
