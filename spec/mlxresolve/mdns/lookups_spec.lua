local bed = require("support.mdns_bed")

describe("mlxresolve.mdns.lookups", function()
  local link

  before_each(function()
    link = bed.new()
  end)

  it("are shared by both families, and apart for other types and scopes", function()
    local lookups, scope = link.engine.lookups, { key = "/46" }
    local first = lookups:take("a.local.", "A", scope)
    assert.equal(first, lookups:take("a.local.", "AAAA", scope))
    assert.not_equal(first, lookups:take("a.local.", "SRV", scope))
    assert.not_equal(first, lookups:take("a.local.", "A", { key = "eth0/46" }))
    assert.equal(3, #lookups:of("a.local."))
    assert.equal(0, #lookups:of("b.local."))
  end)

  it("do not pile up when many names are asked for", function()
    for i = 1, 2000 do
      link:ask(("n%d.local."):format(i), "A", { timeout = 100 })
      link.world:advance(100)
    end
    link.world:settle()
    assert.is_true(link.engine.lookups.count < 400)
    assert.equal(link.engine.lookups.count, link.engine.interest:stats().labels)
  end)

  it("are kept while somebody waits, however many there are", function()
    local results = {}
    for i = 1, 400 do
      results[i] = link:ask(("n%d.local."):format(i), "A", { timeout = 5000 })
    end
    link.world:advance(3000)
    link:ask("one-more.local.", "A", { timeout = 10 })
    link.world:settle()
    for i = 1, 400 do
      assert.equal("ENOTFOUND", results[i].code)
    end
  end)
end)
