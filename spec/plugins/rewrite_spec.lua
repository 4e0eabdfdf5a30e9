local fake = require("support.fake")

describe("plugins.rewrite", function()
  it("asks for the name in the other zone", function()
    local rewrite, context = fake.instance("rewrite", '{ zones = { "cluster" }, to = "local" }')
    local answer = { status = "answer" }
    context.answers["mini2.local."] = answer
    assert.equal(answer, rewrite:resolve(fake.query("Mini2.Cluster", "AAAA"), context))
    assert.same({ { "mini2.local.", "AAAA" } }, context.asked)
  end)

  it("rewrites the zone's own name, too", function()
    local rewrite, context =
      fake.instance("rewrite", '{ zones = { "old.example" }, to = "new.example" }')
    context.answers["new.example."] = { status = "answer" }
    assert.is_truthy(rewrite:resolve(fake.query("old.example"), context))
  end)

  it("takes the longest zone that covers the name", function()
    local rewrite, context =
      fake.instance("rewrite", '{ zones = { "example", "b.example" }, to = "local" }')
    rewrite:resolve(fake.query("a.b.example"), context)
    assert.equal("a.local.", context.asked[1][1])
  end)

  it("rewrites only the names themselves when they are exact", function()
    local rewrite, context = fake.instance(
      "rewrite",
      '{ zones = { "gpu" }, exact = true, to = { "192.0.2.9", "2001:db8::9" } }'
    )
    assert.same({ "192.0.2.9" }, rewrite:resolve(fake.query("gpu"), context).data)
    assert.same({ "2001:db8::9" }, rewrite:resolve(fake.query("gpu", "AAAA"), context).data)
    assert.equal("nodata", rewrite:resolve(fake.query("gpu", "TXT"), context).status)
    assert.is_nil(rewrite:resolve(fake.query("a.gpu"), context))
  end)

  it("hands on why the other name was not found", function()
    local rewrite, context = fake.instance("rewrite", '{ zones = { "a" }, to = "b" }')
    local answer, _, code = rewrite:resolve(fake.query("a"), context)
    assert.is_nil(answer)
    assert.equal("ENOTFOUND", code)
  end)

  it("fails when the new name would be too long", function()
    local rewrite, context = fake.instance(
      "rewrite",
      ('{ zones = { "a" }, to = "%s.%s" }'):format(("x"):rep(60), ("x"):rep(60))
    )
    local name = (("y"):rep(60) .. "."):rep(3) .. "a"
    local answer, _, code = rewrite:resolve(fake.query(name), context)
    assert.is_nil(answer)
    assert.is_string(code)
    assert.same({}, context.asked)
  end)

  it("passes on names outside of its zones", function()
    local rewrite, context = fake.instance("rewrite", '{ zones = { "cluster" }, to = "local" }')
    assert.is_nil(rewrite:resolve(fake.query("mini2.local"), context))
    assert.same({}, context.asked)
  end)
end)
