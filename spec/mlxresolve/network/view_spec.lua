local view = require("mlxresolve.network.view")

describe("mlxresolve.network.view", function()
  local function interface(index, name, addresses, fields)
    local list = {}
    for i, text in ipairs(addresses) do
      local address, prefix = text:match("^(.*)/(%d+)$")
      list[i] = { address = address, prefix = tonumber(prefix) }
    end
    local all = { index = index, name = name, up = true, addresses = list, gateways = {} }
    for key, value in pairs(fields or {}) do
      all[key] = value
    end
    return all
  end

  local function take(list, neighbours, previous)
    return view.take(list, neighbours or {}, previous)
  end

  local before = take {
    interface(1, "lo", { "127.0.0.1/8", "::1/128" }),
    interface(2, "eth0", { "192.0.2.1/24", "fe80::1%eth0/64" }, { gateways = { "192.0.2.254" } }),
  }

  it("tells which addresses came and went, moved, and took another's place", function()
    local after = take {
      interface(2, "eth0", { "192.0.2.9/24", "fe80::1%eth0/64" }),
      interface(3, "wlan0", { "192.0.2.1/24" }),
    }
    local added, removed, moved, replaced = view.addresses(before, after)
    local function short(list)
      local texts = {}
      for i, entry in ipairs(list) do
        texts[i] = entry.address .. " " .. entry.interface
      end
      return texts
    end
    assert.same({ "192.0.2.9 eth0", "192.0.2.1 wlan0" }, short(added))
    assert.same({ "192.0.2.1 eth0", "127.0.0.1 lo", "::1 lo" }, short(removed))
    assert.same({ { address = "192.0.2.1", from = "eth0", to = "wlan0" } }, moved)
    assert.same({ { interface = "eth0", was = "192.0.2.1", address = "192.0.2.9" } }, replaced)
  end)

  it("tells which networks an interface has left, by its addresses or its link", function()
    local other = take { interface(2, "eth0", { "192.0.2.9/24" }) }
    assert.same({ "fe80::/64" }, view.left(before, other, 2))
    local down = take { interface(2, "eth0", { "192.0.2.1/24" }, { up = false }) }
    assert.same({ "192.0.2.0/24", "fe80::/64" }, view.left(before, down, 2))
    assert.same({ "192.0.2.0/24", "fe80::/64" }, view.left(before, take {}, 2))
    assert.same({}, view.left(before, before, 2))
  end)

  it("tells how default routes changed, by family", function()
    local after = take {
      interface(2, "eth0", {}, { gateways = { "192.0.2.254" } }),
      interface(7, "tun0", {}, { gateways = { "", "fe80::9%tun0" } }),
    }
    assert.same({
      ipv4 = { was = { "192.0.2.254" }, now = { "192.0.2.254", "on-link" } },
      ipv6 = { was = {}, now = { "fe80::9" } },
    }, view.gateways(before, after))
    assert.same({}, view.gateways(before, before))
    local elsewhere = take { interface(3, "wlan0", {}, { gateways = { "192.0.2.254" } }) }
    assert.is_table(view.gateways(before, elsewhere).ipv4)
  end)

  it("knows a gateway by its MAC, also after it was out of sight", function()
    local function at(mac, previous)
      local list = { interface(2, "eth0", {}, { gateways = { "192.0.2.254" } }) }
      local known = mac and { { address = "192.0.2.254", index = 2, mac = mac } }
      return take(list, known, previous)
    end
    local first = at("02:00:00:00:00:01")
    assert.same({}, view.strangers(first, at("02:00:00:00:00:01", first)))
    local unseen = at(nil, first)
    assert.same({}, view.strangers(first, unseen))
    assert.same({ 2 }, view.strangers(unseen, at("02:00:00:00:00:02", unseen)))
  end)

  it("minds no neighbours but gateways", function()
    local list = { interface(2, "eth0", {}, { gateways = { "192.0.2.254" } }) }
    local one = take(list, { { address = "192.0.2.7", index = 2, mac = "02:00:00:00:00:01" } })
    assert.same({}, one.macs)
    one = take(list, { { address = "192.0.2.254", index = 3, mac = "02:00:00:00:00:01" } })
    assert.same({}, one.macs)
  end)

  it("forgets gateways when there were many", function()
    local many
    for i = 1, 200 do
      local gateway = ("10.%d.0.1"):format(i)
      local list = { interface(2, "wlan0", {}, { gateways = { gateway } }) }
      many = take(list, { { address = gateway, index = 2, mac = "02:00:00:00:00:01" } }, many)
    end
    local count = 0
    for _ in pairs(many.macs) do
      count = count + 1
    end
    assert.is_true(count <= 65, count)
  end)

  it("knows whether there is any network", function()
    local lo = interface(1, "lo", { "127.0.0.1/8", "::1/128" })
    assert.is_true(view.is_online(before))
    assert.is_false(view.is_online(take { lo }))
    assert.is_false(view.is_online(take { lo, interface(2, "eth0", {}) }))
    local down = interface(2, "eth0", { "192.0.2.1/24" }, { up = false })
    assert.is_false(view.is_online(take { lo, down }))
    assert.is_true(view.is_online(take {}))
  end)
end)
