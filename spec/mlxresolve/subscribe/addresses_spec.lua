local addresses = require("mlxresolve.subscribe.addresses")

describe("mlxresolve.subscribe.addresses", function()
  local lines, known, resolver

  before_each(function()
    lines, resolver = {}, { health = { of = function() end } }
    known = addresses.new(resolver, "a.test.", function(kind, item, reason, was)
      lines[#lines + 1] = ("%s %s%s %s"):format(
        kind,
        was and was.address .. " > " or "",
        item.address,
        reason
      )
    end)
  end)

  local function answer(...)
    local list = {}
    for i, address in ipairs { ... } do
      list[i] = { address = address, family = "ipv6", interface = "eth0", strategy = "mdns" }
    end
    return { addresses = list }
  end

  it("pairs what comes with what goes", function()
    known:take(answer("fe80::1%eth0", "2001:db8::1"), "resolved")
    lines = {}
    known:take(answer("2001:db8::1", "2001:db8::2"), "announced")
    assert.same({ "moved fe80::1%eth0 > 2001:db8::2 announced" }, lines)
    known:take(nil, "ENOTFOUND")
    table.sort(lines)
    assert.same(
      { "gone 2001:db8::1 ENOTFOUND", "gone 2001:db8::2 ENOTFOUND" },
      { unpack(lines, 1, 2) }
    )
  end)

  it("finds an address with and without its scope", function()
    known:take(answer("fe80::1%eth0"), "resolved")
    assert.equal("fe80::1%eth0", known:find("fe80::1").address)
    assert.equal("fe80::1%eth0", known:find("fe80::1%eth0").address)
    assert.is_nil(known:find("fe80::2"))
    assert.is_true(known:equals { "fe80::1" })
    assert.is_false(known:equals {})
    assert.is_false(known:equals { "fe80::1", "fe80::2" })
  end)

  it("knows again what it has doubted, and counts it", function()
    known:take(answer("2001:db8::1", "2001:db8::2"), "resolved")
    known:doubt(known:find("2001:db8::1"), "link", "goodbye")
    assert.same({ 2, 1 }, { known:count() })
    known:take(answer("2001:db8::1", "2001:db8::2"), "resolved")
    assert.equal("link", known:find("2001:db8::1").doubted_by)
    known:confirm(known:find("2001:db8::1"), "link", "confirmed")
    assert.same({ 2, 0 }, { known:count() })
    assert.equal("added 2001:db8::1 confirmed", lines[#lines])
  end)

  it("says what the book of health says of an address in an answer", function()
    local states = { ["2001:db8::1"] = { state = "suspect", reason = "another network" } }
    resolver.health = {
      of = function(_, name, address)
        assert.equal("a.test.", name)
        return states[address]
      end,
    }
    known:take(answer("2001:db8::1", "2001:db8::2"), "resolved")
    assert.equal("suspect 2001:db8::1 another network", lines[3])
    assert.equal(3, #lines)
    states["2001:db8::2"] = { state = "dead", reason = "probe" }
    known:take(answer("2001:db8::1", "2001:db8::2"), "resolved")
    assert.equal("gone 2001:db8::2 resolved", lines[4])
  end)

  it("tells nothing of an address that it does not have", function()
    known:doubt(nil, "link", "goodbye")
    known:drop(nil, "goodbye")
    assert.same({}, lines)
  end)
end)
