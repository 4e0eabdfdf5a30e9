local change = require("mlxresolve.network.change")
local view = require("mlxresolve.network.view")

describe("mlxresolve.network.change", function()
  local function look(list)
    local interfaces = {}
    for i, entry in ipairs(list) do
      interfaces[i] = {
        index = entry[1],
        name = entry[2],
        up = entry.up ~= false,
        addresses = {},
        gateways = { entry.gateway },
      }
      for _, text in ipairs(entry[3] or {}) do
        local address, prefix = text:match("^(.*)/(%d+)$")
        table.insert(interfaces[i].addresses, { address = address, prefix = tonumber(prefix) })
      end
    end
    return view.take(interfaces, {})
  end

  local HOME = { { 2, "eth0", { "192.0.2.1/24" }, gateway = "192.0.2.254" } }

  local function event(type, fields)
    local made = { type = type, index = 2, interface = "eth0" }
    for key, value in pairs(fields or {}) do
      made[key] = value
    end
    return made
  end

  it("sums up events", function()
    local one = change.summarize {
      event("link_changed", { up = false }),
      event("address_removed", { address = "192.0.2.1" }),
      { type = "link_added", interface = "wlan0", index = 3, up = true },
      event("route_removed", { gateway = "192.0.2.254" }),
    }
    assert.same({ "eth0" }, one.lost)
    assert.same({ "wlan0" }, one.gained)
    assert.same({ "eth0" }, one.changed)
    assert.same({ eth0 = 2, wlan0 = 3 }, one.indexes)
    assert.is_true(one.routes)
    assert.same({ [2] = "eth0 was lost", [3] = "wlan0 came up" }, one.touched)
    assert.equal("sure", one.certain)
  end)

  it("says nothing of neighbours, and of nothing", function()
    assert.is_nil(change.summarize { event("neighbour_changed", { address = "192.0.2.7" }) })
    assert.is_nil(change.summarize {})
  end)

  it("takes an address that came back for no change", function()
    local same = change.summarize({
      event("address_removed", { address = "192.0.2.1" }),
      event("address_added", { address = "192.0.2.1" }),
    }, look(HOME), look(HOME))
    assert.same({ {}, {} }, { same.added, same.removed })
    assert.same({}, same.touched)
    assert.is_false(same.everything)
    assert.same({ "eth0" }, same.changed)
  end)

  it("touches nothing when an address comes in a network that is here", function()
    local after =
      look { { 2, "eth0", { "192.0.2.1/24", "192.0.2.77/24" }, gateway = "192.0.2.254" } }
    local more =
      change.summarize({ event("address_added", { address = "192.0.2.77" }) }, look(HOME), after)
    assert.same({ { address = "192.0.2.77", interface = "eth0" } }, more.added)
    assert.same({}, more.touched)
  end)

  it("touches an interface that left its network or joined one", function()
    local after = look { { 2, "eth0", { "10.0.0.1/8" }, gateway = "192.0.2.254" } }
    local other = change.summarize({ event("address_removed") }, look(HOME), after)
    assert.equal("eth0 left 192.0.2.0/24", other.touched[2])
    assert.same({ { network = "192.0.2.0/24", interface = "eth0" } }, other.left)
    assert.same({ { interface = "eth0", was = "192.0.2.1", address = "10.0.0.1" } }, other.replaced)
    local none = look { { 2, "eth0", {}, gateway = "192.0.2.254" } }
    local back = change.summarize({ event("address_added") }, none, look(HOME))
    assert.equal("eth0 joined 192.0.2.0/24", back.touched[2])
  end)

  it("doubts everything when the default route is another, or there is a network again", function()
    local routed = look { { 2, "eth0", { "192.0.2.1/24" } } }
    local one = change.summarize({ event("route_removed") }, look(HOME), routed)
    assert.equal("the default route has changed", one.everything)
    assert.same({ ipv4 = { was = { "192.0.2.254" }, now = {} } }, one.gateways)
    local offline = look { { 2, "eth0", {}, up = false } }
    one = change.summarize({ event("link_changed", { up = true }) }, offline, routed)
    assert.equal("the network has returned", one.everything)
  end)

  it("doubts everything when another machine has the gateway's address", function()
    local before, after = look(HOME), look(HOME)
    before.macs["2 192.0.2.254"] = "02:00:00:00:00:01"
    after.macs["2 192.0.2.254"] = "02:00:00:00:00:02"
    local one = change.summarize({ event("neighbour_changed") }, before, after)
    assert.same({ "eth0" }, one.strange)
    assert.equal("another gateway behind eth0", one.everything)
    assert.equal("likely", one.certain)
  end)

  it("doubts everything after sleep, which says but maybe", function()
    local one = change.summarize({ { type = "resumed", slept = 3600e3 } }, look(HOME), look(HOME))
    assert.equal("the machine slept for 3600 s", one.everything)
    assert.same({ 3600e3, "maybe" }, { one.resumed, one.certain })
  end)

  it("doubts nothing when the wall clock was set", function()
    local one =
      change.summarize({ { type = "clock_jumped", by = -7200e3 } }, look(HOME), look(HOME))
    assert.same({ -7200e3, false }, { one.clock_jumped, one.everything })
    assert.same({}, one.touched)
  end)

  it("touches all interfaces when events were lost", function()
    local one = change.summarize({ { type = "resynced" } }, look(HOME), look(HOME))
    assert.same({ [2] = "events were lost" }, one.touched)
    assert.same({ true, "likely" }, { one.resynced, one.certain })
  end)
end)
