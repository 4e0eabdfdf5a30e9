local fake = require("support.fake")

describe("plugins.literal", function()
  local literal = fake.instance("literal")

  it("answers a name that is an address with it", function()
    local answer = literal:resolve(fake.query("192.0.2.1"))
    assert.same({ "192.0.2.1" }, answer.data)
    assert.equal(86400, answer.ttl)
  end)

  it("writes IPv6 addresses as RFC 5952 section 4 asks", function()
    local answer = literal:resolve(fake.query("2001:DB8:0:0:0:0:0:1", "AAAA"))
    assert.same({ "2001:db8::1" }, answer.data)
    assert.same({ "::ffff:192.0.2.1" }, literal:resolve(fake.query("::FFFF:c000:201", "AAAA")).data)
  end)

  it("says that there is nothing of the other family", function()
    assert.equal("nodata", literal:resolve(fake.query("192.0.2.1", "AAAA")).status)
    assert.equal("nodata", literal:resolve(fake.query("2001:db8::1", "A")).status)
    assert.equal("nodata", literal:resolve(fake.query("192.0.2.1", "TXT")).status)
  end)

  it("leaves a scope out of the record", function()
    assert.same({ "fe80::1" }, literal:resolve(fake.query("fe80::1%lo", "AAAA")).data)
  end)

  it("passes on everything else", function()
    for _, name in ipairs {
      "mini2.local",
      "192.0.2",
      "192.0.2.256",
      "192.0.2.1.example",
      "192.0.2.1:53",
      "1.2.0.192.in-addr.arpa",
      "127.1",
      "0x7f000001",
      ".",
    } do
      assert.is_nil(literal:resolve(fake.query(name)), name)
    end
  end)
end)
