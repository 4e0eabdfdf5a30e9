local listing = require("mlxresolve.identity.listing")

describe("mlxresolve.identity.listing", function()
  local LIFE = { ["for"] = 300e3, against = 120e3, none = 15e3 }

  it("shows the proofs that count, by name and address", function()
    local proofs = {
      ["b."] = {
        ["192.0.2.2"] = { outcome = "for", reason = "ssh_host_key", at = 1000 },
        ["192.0.2.1"] = { outcome = "against", reason = "has another key", at = 3500 },
      },
      ["a."] = { ["192.0.2.9"] = { outcome = false, at = 0 } },
      ["c."] = { ["192.0.2.3"] = { outcome = "none", reason = "silent", at = -20e3 } },
    }
    local first = { "b.", "192.0.2.1", "against", "has another key", 1 }
    local list = listing.of(proofs, 5000, LIFE)
    local one = list[1]
    assert.same(first, { one.name, one.address, one.outcome, one.reason, one.age })
    assert.same({ 2, "192.0.2.2", 4 }, { #list, list[2].address, list[2].age })
  end)
end)
