local host = require("mlxresolve.mdns.responder.host")

describe("mlxresolve.mdns.responder.host", function()
  it("takes the first label of a host name", function()
    assert.equal("mini2", host.label("mini2"))
    assert.equal("Mini2", host.label("Mini2.local"))
    assert.equal("mini2", host.label("mini2.example.org."))
  end)

  it("refuses what is no label", function()
    for _, name in ipairs { "", ".local", ("x"):rep(64), 7, false } do
      local label, message, code = host.label(name)
      assert.is_nil(label)
      assert.matches("1 to 63 bytes", message)
      assert.equal("EINVAL", code)
    end
  end)

  it(
    "has, beside Avahi, link-local addresses where there are no others of the family, as that does"
      .. " [RFC 6762 6.2: all addresses]",
    function()
      local function addresses(...)
        local found = {}
        for _, one in ipairs(host.new("here", true):records { addresses = { ... } }) do
          if one.type ~= "PTR" then
            found[#found + 1] = one.data
          end
        end
        return found
      end
      assert.same({ "192.0.2.1", "fe80::1" }, addresses("192.0.2.1", "fe80::1"))
      assert.same({ "169.254.7.1", "fd99::1" }, addresses("169.254.7.1", "fd99::1", "fe80::1"))
      assert.same(
        { "192.0.2.1", "192.0.2.2", "fd99::1", "2001:db8::1" },
        addresses("192.0.2.1", "169.254.7.1", "192.0.2.2", "fe80::1", "fd99::1", "2001:db8::1")
      )
    end
  )

  it(
    "has all addresses of the link and the ways back, for 120 s [RFC 6762 6.2: all addresses]",
    function()
      local link = { addresses = { "192.0.2.1", "2001:db8::1", "fe80::1" } }
      local list = host.new("Here", false):records(link)
      local words = {}
      for i, one in ipairs(list) do
        assert.equal(120, one.ttl)
        assert.is_true(one.is_unique)
        words[i] = one.type .. " " .. one.key:sub(1, 12) .. " " .. one.data
      end
      assert.same({
        "A here.local. 192.0.2.1",
        "AAAA here.local. 2001:db8::1",
        "AAAA here.local. fe80::1",
        "PTR 1.2.0.192.in Here.local.",
        "PTR 1.0.0.0.0.0. Here.local.",
        "PTR 1.0.0.0.0.0. Here.local.",
      }, words)
    end
  )
end)
