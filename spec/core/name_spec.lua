local core = require("mlxresolve.core")
local name = core.name

--- Labels of the given lengths, "aaa.bb.".
local function labels(lengths)
  local parts = {}
  for i, n in ipairs(lengths) do
    parts[i] = ("a"):rep(n)
  end
  return table.concat(parts, ".") .. "."
end

describe("core.name", function()
  it("writes names in lower case with a final dot", function()
    assert.equal("mini2.local.", name.canonical("Mini2.LOCAL"))
    assert.equal("mini2.local.", name.canonical("mini2.local."))
  end)

  it("reads the root", function()
    assert.equal(".", name.canonical(""))
    assert.equal(".", name.canonical("."))
    assert.equal("\0", name.to_wire("."))
  end)

  it("folds ASCII only [RFC 4343 3: only ASCII]", function()
    assert.equal("\195\132.de.", name.canonical("\195\132.DE"))
  end)

  it("escapes what means something in texts, always as \\DDD", function()
    assert.equal("my\\032printer._ipp._tcp.local.", name.canonical("My Printer._ipp._tcp.local"))
    assert.equal("a\\046b.example.", name.canonical("a\\.b.example"))
    assert.equal("a\\092b.example.", name.canonical("a\\\\b.example"))
    assert.equal("\\000\\010\\034\\127.", name.canonical('\\000\\010\\"\\127'))
    assert.equal("\\040\\041\\059\\064\\036.", name.canonical("();@$"))
  end)

  it("passes UTF-8 through and escapes bytes that are none", function()
    local cases = {
      ["\226\130\172.de."] = "\226\130\172.de.",
      ["\240\159\150\165.de."] = "\240\159\150\165.de.",
      ["\255.de."] = "\\255.de.",
      ["\195.de."] = "\\195.de.",
      ["\192\175.de."] = "\\192\\175.de.", -- overlong
      ["\237\160\128.de."] = "\\237\\160\\128.de.", -- a surrogate
      ["\194\155.de."] = "\\194\\155.de.", -- a control of the C1 set
      ["\244\144\128\128.de."] = "\\244\\144\\128\\128.de.", -- beyond Unicode
    }
    for given, expected in pairs(cases) do
      assert.equal(expected, name.canonical(given))
      assert.equal(expected, name.canonical(expected))
    end
  end)

  it("says of every byte in a label the same, both ways", function()
    for byte = 0, 255 do
      local wire = "\3a" .. string.char(byte) .. "b\0"
      local text = assert(name.from_wire(wire))
      assert.equal(wire, name.to_wire(text))
      assert.is_nil(text:find('[%z\1-\32"();\127]'))
    end
  end)

  it("refuses empty labels, broken escapes and control characters", function()
    for _, text in ipairs {
      "..",
      ".a",
      "a..b",
      "a\\",
      "a\\25",
      "a\\256",
      "a\\2x5",
      "a\nb",
      "a\0b",
      "\127",
      " a",
      "a ",
    } do
      local got, message, code = name.canonical(text)
      assert.is_nil(got, ("%q"):format(text))
      assert.equal("name: cannot be read", message)
      assert.equal("ETEXT", code)
    end
  end)

  it("takes labels of 63 bytes and names of 255, no more [RFC 1035 2.3.4: name limits]", function()
    assert.is_truthy(name.to_wire(labels { 63 }))
    assert.is_nil(name.to_wire(labels { 64 }))
    local longest = labels { 63, 63, 63, 61 }
    assert.equal(255, #name.to_wire(longest))
    assert.equal(255, #name.to_wire(longest:sub(1, -2)))
    assert.is_nil(name.to_wire(labels { 63, 63, 63, 62 }))
    assert.equal(255, #name.to_wire(("a."):rep(127)))
    assert.is_nil(name.to_wire(("a."):rep(128)))
  end)

  it("keeps the spelling in the wire form", function()
    assert.equal("\5Mini2\5local\0", name.to_wire("Mini2.local"))
  end)

  it("refuses wire names that are cut, long or compressed", function()
    for _, wire in ipairs {
      "",
      "\1",
      "\1a",
      "\1a\0\0",
      "\64a\0",
      "\128a\0",
      "\192\12",
      ("\63" .. ("a"):rep(63)):rep(4) .. "\0",
    } do
      local got, _, code = name.from_wire(wire)
      assert.is_nil(got)
      assert.equal("EFORMAT", code)
    end
  end)

  it("makes reverse names", function()
    assert.equal("1.2.0.192.in-addr.arpa.", name.reverse("192.0.2.1"))
    assert.equal(
      "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
      name.reverse("2001:db8::567:89ab")
    )
    assert.is_nil(name.reverse("example.com"))
  end)
end)
