local bed = require("support.bed")

local function link(name, kind, ...)
  local addresses = {}
  for i, address in ipairs { ... } do
    local family = address:find(":", 1, true) and "ipv6" or "ipv4"
    addresses[i] = { address = address, family = family, prefix = 24, tentative = false }
  end
  return { index = 1, name = name, kind = kind, up = true, addresses = addresses }
end

local function on(links, options)
  local b = bed.policy(('strategies = { use("this_host", %s) }'):format(options or "{}"))
  b.world.name, b.world.links = "Mini1.example.com", links
  return b
end

local function data(b, name, type)
  local result, _, code = b:ask(name, type)
  local list = {}
  for i, one in ipairs(result and result.addresses or {}) do
    list[i] = one.address
  end
  return result and list or code, result and result.status
end

describe("plugins.this_host", function()
  local lo = link("lo", "loopback", "127.0.0.1", "::1")
  local eth = link("eth0", "ethernet", "192.0.2.1", "2001:db8::1", "fe80::1")

  it("answers its own name, plain and below .local", function()
    local b = on { lo, eth }
    assert.same({ "192.0.2.1" }, (data(b, "mini1")))
    assert.same({ "192.0.2.1" }, (data(b, "MINI1.local")))
    assert.same({ "2001:db8::1" }, (data(b, "mini1.local", "AAAA")))
  end)

  it("passes on other names", function()
    local b = on { lo, eth }
    assert.equal("nxdomain", select(2, data(b, "mini2.local")))
    assert.equal("nxdomain", select(2, data(b, "x.mini1.local")))
  end)

  it("gives loopback only when there is nothing else", function()
    local b = on { lo }
    assert.same({ "127.0.0.1" }, (data(b, "mini1")))
    assert.same({ "::1" }, (data(b, "mini1", "AAAA")))
    b = on { lo, link("eth0", "ethernet", "192.0.2.1") }
    assert.equal("nodata", select(2, data(b, "mini1", "AAAA")))
  end)

  it("gives the addresses of a pulled cable, not loopback, when no other is in", function()
    local down = link("eth0", "ethernet", "192.0.2.1")
    down.up = false
    assert.same({ "192.0.2.1" }, (data(on { lo, down }, "mini1")))
  end)

  it("leaves out links that are down and addresses that are not settled", function()
    local down, new = link("eth1", "ethernet", "192.0.2.2"), link("eth2", "ethernet", "192.0.2.3")
    down.up = false
    new.addresses[1].tentative = true
    assert.same({ "192.0.2.1" }, (data(on { lo, eth, down, new }, "mini1")))
  end)

  it("takes another name when told to", function()
    local b = on({ lo, eth }, '{ host = "worker" }')
    assert.same({ "192.0.2.1" }, (data(b, "worker.local")))
    assert.equal("nxdomain", select(2, data(b, "mini1")))
  end)
end)
