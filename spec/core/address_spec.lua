local core = require("mlxresolve.core")
local address = core.address

local function text(given)
  local got = address.parse(given)
  return got and got.address
end

describe("core.address", function()
  it("reads IPv4 and IPv6, with a port and without", function()
    assert.same({
      address = "192.0.2.1",
      family = "ipv4",
      port = 53,
      interface = false,
      is_loopback = false,
      is_link_local = false,
    }, address.parse("192.0.2.1:53"))
    assert.same({
      address = "::1",
      family = "ipv6",
      port = false,
      interface = false,
      is_loopback = true,
      is_link_local = false,
    }, address.parse("::1"))
    assert.equal(5353, address.parse("[ff02::fb]:5353").port)
    assert.equal(false, address.parse("[ff02::fb]").port)
    assert.equal(false, address.parse("127.0.0.1:0").port) -- a listener takes a free one
  end)

  it("writes IPv6 as RFC 5952 does", function()
    local cases = {
      ["2001:DB8:0:0:0:0:0:1"] = "2001:db8::1",
      ["2001:db8:0:1:1:1:1:1"] = "2001:db8:0:1:1:1:1:1", -- section 4.2.2
      ["2001:0:0:1:0:0:0:1"] = "2001:0:0:1::1", -- section 4.2.3
      ["2001:db8:0:0:1:0:0:1"] = "2001:db8::1:0:0:1",
      ["0:0:0:0:0:0:0:0"] = "::",
      ["1:0:0:0:0:0:0:0"] = "1::",
      ["::ffff:c000:201"] = "::ffff:192.0.2.1",
      ["::192.0.2.1"] = "::192.0.2.1",
      ["64:ff9b::192.0.2.1"] = "64:ff9b::c000:201",
    }
    for given, expected in pairs(cases) do
      assert.equal(expected, text(given))
      assert.equal(expected, text(expected))
    end
  end)

  it("names the interface of a link-local address", function()
    local got = address.parse("[fe80::1%lo]:80")
    assert.equal("fe80::1%lo", got.address)
    assert.equal("lo", got.interface)
    assert.is_true(got.is_link_local)
    assert.equal("fe80::1%lo", text("fe80::1%1"))
    assert.equal("fe80::1%4000000", text("fe80::1%4000000"))
  end)

  it("knows loopback and link-local addresses", function()
    for _, given in ipairs { "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1" } do
      assert.is_true(address.parse(given).is_loopback, given)
    end
    for _, given in ipairs { "128.0.0.1", "::2", "::ffff:128.0.0.1", "fe80::1" } do
      assert.is_false(address.parse(given).is_loopback, given)
    end
    for _, given in ipairs { "169.254.1.1", "fe80::1", "febf::1" } do
      assert.is_true(address.parse(given).is_link_local, given)
    end
    for _, given in ipairs { "169.253.1.1", "fec0::1", "ff02::1" } do
      assert.is_false(address.parse(given).is_link_local, given)
    end
  end)

  it("refuses what is no address", function()
    for _, given in ipairs {
      "",
      "localhost",
      "1.2.3",
      "1.2.3.4.5",
      "1.2.3.256",
      "01.2.3.4",
      "1.2.3.4 ",
      "+1.2.3.4",
      "1..3.4",
      "0x7f.0.0.1",
      "1.2.3.4:",
      "1.2.3.4:65536",
      "1.2.3.4:053535",
      "[1.2.3.4]:53",
      "[::1",
      "::1]",
      "[::1]53",
      "[::1]:",
      "[]",
      ":::",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "g::",
      "fe80::1%",
      "fe80::1%no-such-link",
      "fe80::1%0",
      "2001:db8::1%lo",
      "192.0.2.1%lo",
      "1.2.3.4\0",
      "::1\0",
    } do
      local got, message, code = address.parse(given)
      assert.is_nil(got, ("%q"):format(given))
      assert.equal("address: cannot be read", message)
      assert.equal("ETEXT", code)
    end
  end)

  it("tells whether an address is inside a network", function()
    assert.is_true(address.is_within("192.0.2.77", "192.0.2.0/24"))
    assert.is_false(address.is_within("192.0.3.0", "192.0.2.0/24"))
    assert.is_true(address.is_within("192.0.2.129", "192.0.2.128/25"))
    assert.is_false(address.is_within("192.0.2.127", "192.0.2.128/25"))
    assert.is_true(address.is_within("8.8.8.8", "0.0.0.0/0"))
    assert.is_true(address.is_within("192.0.2.1", "192.0.2.1"))
    assert.is_false(address.is_within("192.0.2.1", "192.0.2.2"))
    assert.is_true(address.is_within("fe80::1%lo", "fe80::/10"))
    assert.is_false(address.is_within("192.0.2.1", "::/0"))
    assert.is_nil(address.is_within("192.0.2.1", "192.0.2.0/33"))
  end)

  it("reads networks and clears the bits behind the prefix", function()
    assert.same({ "192.0.2.0", 24, 256 }, { address.network("192.0.2.99/24") })
    assert.same({ "2001:db8::", 64, 2 ^ 64 }, { address.network("2001:db8::ffff/64") })
    assert.same({ "::", 0, 2 ^ 128 }, { address.network("ffff::/0") })
    assert.same({ "192.0.2.9", 32, 1 }, { address.network("192.0.2.9") })
    for _, given in ipairs {
      "192.0.2.0/",
      "192.0.2.0/33",
      "::/129",
      "192.0.2.0/-1",
      "/8",
      "192.0.2.0:53/24",
    } do
      local got, message, code = address.network(given)
      assert.is_nil(got, given)
      assert.equal("network: cannot be read", message)
      assert.equal("ETEXT", code)
    end
  end)

  it("counts through a network", function()
    assert.equal("192.0.2.0", address.nth("192.0.2.0/24", 0))
    assert.equal("192.0.2.255", address.nth("192.0.2.0/24", 255))
    assert.equal("192.0.3.0", address.nth("192.0.2.0/23", 256))
    assert.equal("2001:db8::1:0", address.nth("2001:db8::/64", 65536))
    local got, message, code = address.nth("192.0.2.0/24", 256)
    assert.is_nil(got)
    assert.matches("beyond the network", message)
    assert.equal("EINVAL", code)
    assert.is_nil(address.nth("192.0.2.0/24", -1))
  end)
end)
