local bed = require("support.bed")
local evidence = require("mlxresolve.recheck.evidence")

describe("mlxresolve.recheck.evidence", function()
  local b, says

  before_each(function()
    says = { a = { "192.0.2.1", "192.0.2.2" }, aaaa = "2001:db8::1", txt = '"x"' }
    b = bed.open {
      bed.strategy("source", function(query)
        if not says then
          return nil, "the server is gone", "ETIMEOUT"
        end
        return query:answer(says, 60)
      end),
    }
    for _, type in ipairs { "A", "AAAA", "TXT" } do
      b:ask("a.example", type)
    end
  end)

  local function inside(fn)
    local got
    b.resolver.scheduler:spawn(function()
      got = fn()
    end)
    b.world:settle(function()
      return got
    end)
    return got
  end

  it("is what the cache has: addresses, and other types in doubt", function()
    local types, addresses = evidence.known(b.resolver, "a.example.")
    table.sort(types)
    assert.same({ "A", "AAAA" }, types)
    assert.same(
      { ["192.0.2.1"] = "ipv4", ["192.0.2.2"] = "ipv4", ["2001:db8::1"] = "ipv6" },
      addresses
    )
    b.resolver.plugin_cache:suspect { type = "TXT" }
    assert.equal(3, #evidence.known(b.resolver, "a.example."))
    assert.same({ "A", "AAAA" }, (evidence.known(b.resolver, "b.example.")))
  end)

  it("is about single addresses, or all that are known", function()
    local known = { ["192.0.2.1"] = "ipv4" }
    assert.same(known, evidence.doubted(b.resolver, "a.example.", {}, known))
    local one = { ["fe80::1"] = true }
    assert.same({ ["fe80::1"] = "ipv6" }, evidence.doubted(b.resolver, "a.example.", one, false))
  end)

  it("is also about what is suspect and no longer in the cache", function()
    b.resolver.health:mark("a.example.", "2001:db8::7", "suspect", "failure")
    assert.same({ ["2001:db8::7"] = "ipv6" }, evidence.doubted(b.resolver, "a.example.", {}, {}))
    assert.same({}, evidence.doubted(b.resolver, "a.example.", {}, false))
  end)

  it("is what the chain says now, which the cache has then", function()
    says = { a = "192.0.2.9" }
    local found = inside(function()
      return evidence.ask_chain(b.resolver, "a.example.", { "A", "AAAA" })
    end)
    assert.same({ ["192.0.2.9"] = true }, found.addresses)
    assert.same({}, found.failed)
    assert.equal("source", found.strategy)
    assert.equal("192.0.2.9", b:address("a.example"))
  end)

  it("does not take what the cache has for what the chain says", function()
    says = nil
    local found = inside(function()
      return evidence.ask_chain(b.resolver, "a.example.", { "A" })
    end)
    assert.same({ ipv4 = true }, found.failed)
    assert.matches("the server is gone", found.message)
  end)

  it("is what probes find, four at most", function()
    local asked = 0
    local probe = {
      probe = function(_, endpoint)
        asked = asked + 1
        return endpoint.address == "192.0.2.1" or nil, "refused", "ECONNREFUSED"
      end,
    }
    local found = inside(function()
      local all = { ["192.0.2.1"] = "ipv4", ["192.0.2.2"] = "ipv4" }
      return evidence.probe(b.resolver, "a.example.", all, { probe = probe }, {})
    end)
    assert.same({ ["192.0.2.1"] = true, ["192.0.2.2"] = "refused" }, found)
    local many = {}
    for i = 1, 9 do
      many["192.0.2." .. i] = "ipv4"
    end
    inside(function()
      return evidence.probe(b.resolver, "a.example.", many, { probe = probe }, {})
    end)
    assert.equal(6, asked)
  end)

  it("tells probes the zone of link-local addresses", function()
    local endpoint
    local probe = {
      probe = function(_, one)
        endpoint = one
        return true
      end,
    }
    inside(function()
      local all, here = { ["fe80::1"] = "ipv6" }, { ["fe80::1"] = "eth0" }
      return evidence.probe(b.resolver, "a.example.", all, { probe = probe, port = 22 }, here)
    end)
    assert.same(
      { name = "a.example.", address = "fe80::1%eth0", interface = "eth0", port = 22 },
      endpoint
    )
  end)

  it("has nothing of the link where the engine has heard nothing of the name", function()
    assert.is_false(evidence.ask_link(b.resolver, "a.example."))
    b.resolver:mdns()
    assert.is_false(evidence.ask_link(b.resolver, "a.example."))
  end)
end)
