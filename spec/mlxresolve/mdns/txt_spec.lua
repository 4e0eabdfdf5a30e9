local txt = require("mlxresolve.mdns.txt")

describe("mlxresolve.mdns.txt (RFC 6763 section 6)", function()
  it("reads keys with values, with empty ones, and without", function()
    assert.same({ a = "1", b = "", flag = true }, (txt.parse('"a=1" "b=" "flag"')))
  end)

  it("takes a value for bytes, '=' and escapes among them", function()
    assert.same({ k = 'a=b"\\065\0\255' }, (txt.parse([["k=a=b\"\\065\000\255"]])))
  end)

  it("tells keys apart without their case; the first counts [RFC 6763 6.4: TXT keys]", function()
    local keys, strings = txt.parse('"Key=1" "KEY=2" "key"')
    assert.same({ key = "1" }, keys)
    assert.same({ "Key=1" }, strings)
  end)

  it(
    "ignores strings without a key, and keys of other than printable ASCII"
      .. " [RFC 6763 6.4: TXT keys]",
    function()
      assert.same({ z = "1" }, (txt.parse('"=x" "" "k\\009=1" "\\195\\188=2" "z=1"')))
    end
  )

  it("takes one empty string for no keys at all [RFC 6763 6.1: empty TXT]", function()
    assert.same({}, (txt.parse('""')))
    assert.same({ "" }, txt.strings('""'))
  end)

  it("takes a record that no packet can hold for none [RFC 6763 6.2: TXT size]", function()
    local long = {}
    for i = 1, 60 do
      long[i] = ('"k%d=%s"'):format(i, ("x"):rep(200))
    end
    assert.same({}, (txt.parse(table.concat(long, " "))))
  end)

  it("survives a text that is cut off", function()
    for _, text in ipairs { '"', '"a', '"a\\', "", "a", '"a" "b\\1' } do
      assert.is_table((txt.parse(text)))
    end
  end)
end)
