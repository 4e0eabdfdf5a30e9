local fake = require("support.fake")

describe("plugins.localhost", function()
  local localhost = fake.instance("localhost")

  it("answers localhost and all below it [RFC 6761 6.3: localhost]", function()
    for _, name in ipairs { "localhost", "LOCALHOST", "a.b.localhost." } do
      assert.same({ "127.0.0.1" }, localhost:resolve(fake.query(name)).data)
      assert.same({ "::1" }, localhost:resolve(fake.query(name, "AAAA")).data)
    end
  end)

  it("denies other types instead of letting them travel", function()
    assert.equal("nodata", localhost:resolve(fake.query("localhost", "SRV")).status)
  end)

  it("knows the reverse names of loopback", function()
    local ipv6 = "1." .. ("0."):rep(31) .. "ip6.arpa"
    assert.same(
      { "localhost." },
      localhost:resolve(fake.query("1.0.0.127.in-addr.arpa", "PTR")).data
    )
    assert.same({ "localhost." }, localhost:resolve(fake.query(ipv6, "PTR")).data)
  end)

  it("passes on everything else", function()
    assert.is_nil(localhost:resolve(fake.query("localhost.example")))
    assert.is_nil(localhost:resolve(fake.query("notlocalhost")))
    assert.is_nil(localhost:resolve(fake.query("2.0.0.127.in-addr.arpa", "PTR")))
  end)
end)
