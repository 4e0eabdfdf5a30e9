local fake = require("support.fake")

describe("plugins.native", function()
  it("asks the system for the family of the question", function()
    local native, context = fake.instance("native")
    context.natives[4] = { "192.0.2.1", "192.0.2.2" }
    local answer = native:resolve(fake.query("mini2.local"), context)
    assert.same({ "192.0.2.1", "192.0.2.2" }, answer.data)
    assert.equal(30, answer.ttl)
    assert.same({ { "mini2.local.", 4 } }, context.asked)
  end)

  it("hands on why there is no answer", function()
    local native, context = fake.instance("native")
    local answer, message, code = native:resolve(fake.query("mini2.local", "AAAA"), context)
    assert.is_nil(answer)
    assert.equal("name or service not known", message)
    assert.equal("ENOTFOUND", code)
  end)

  it("leaves scopes out and names each address once", function()
    local native, context = fake.instance("native")
    context.natives[6] = { "fe80::1%eth0", "fe80::1%eth1", "2001:db8::1" }
    local answer = native:resolve(fake.query("mini2.local", "AAAA"), context)
    assert.same({ "fe80::1", "2001:db8::1" }, answer.data)
  end)

  it("says that there is nothing when the system says so", function()
    local native, context = fake.instance("native")
    context.natives[6] = {}
    assert.equal("nodata", native:resolve(fake.query("x", "AAAA"), context).status)
  end)

  it("passes on types that getaddrinfo does not know, unasked", function()
    local native, context = fake.instance("native")
    assert.is_nil(native:resolve(fake.query("x", "TXT"), context))
    assert.same({}, context.asked)
  end)
end)
