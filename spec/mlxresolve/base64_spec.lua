local base64 = require("mlxresolve.base64")

describe("base64", function()
  it("writes and reads the examples of RFC 4648", function()
    local examples = {
      [""] = "",
      f = "Zg==",
      fo = "Zm8=",
      foo = "Zm9v",
      foob = "Zm9vYg==",
      fooba = "Zm9vYmE=",
      foobar = "Zm9vYmFy",
    }
    for bytes, text in pairs(examples) do
      assert.equal(text, base64.encode(bytes))
      assert.equal(bytes, base64.decode(text))
    end
  end)

  it("gives back any bytes", function()
    local bytes = {}
    for i = 0, 255 do
      bytes[i + 1] = string.char(i)
    end
    local all = table.concat(bytes)
    assert.equal(all, base64.decode(base64.encode(all)))
  end)

  it("does not read what is none", function()
    for _, text in ipairs { "Z", "Zg=", "Zm9", "Zg===", "====", "Z g=", "Zm9v\n", "Zm-v" } do
      assert.is_nil(base64.decode(text), text)
    end
  end)
end)
