local selectors = require("mlxresolve.network.selectors")

describe("mlxresolve.network.selectors", function()
  local veth = { name = "veth1a2b", kind = "other", addresses = {} }
  local vpn = {
    name = "utun3",
    kind = "tunnel",
    addresses = {
      { address = "10.8.0.2", prefix = 24 },
      { address = "fe80::2%utun3", prefix = 64 },
    },
  }

  local function mean(selector, interface)
    return selectors.mean({ "nothing", selector }, interface)
  end

  it("mean interfaces by name, with * and ?", function()
    assert.is_true(mean("veth*", veth))
    assert.is_true(mean("utun?", vpn))
    assert.is_false(mean("veth", veth))
    assert.is_false(mean("utun", vpn))
    assert.is_false(mean("utun.", vpn))
    assert.is_true(mean("br-*", { name = "br-0242" }))
    assert.is_false(mean("br-*", { name = "br0" }))
  end)

  it("mean them by kind", function()
    assert.is_true(mean("tunnel", vpn))
    assert.is_false(mean("tunnel", veth))
  end)

  it("mean them by a network that they are in", function()
    assert.is_true(mean("10.0.0.0/8", vpn))
    assert.is_true(mean("fe80::/10", vpn))
    assert.is_false(mean("192.168.0.0/16", vpn))
    assert.is_false(mean("10.0.0.0/8", veth))
  end)

  it("know what is one", function()
    assert.is_true(selectors.is("veth*"))
    assert.is_true(selectors.is("10.0.0.0/8"))
    assert.is_false(selectors.is("10.0.0.0/99"))
    assert.is_false(selectors.is("eth0 eth1"))
    assert.is_false(selectors.is(""))
    assert.is_false(selectors.is(7))
  end)

  it("mean nothing of one without a name", function()
    assert.is_false(mean("veth*", { name = false }))
  end)
end)
