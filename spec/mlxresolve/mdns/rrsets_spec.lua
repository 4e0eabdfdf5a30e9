local rrsets = require("mlxresolve.mdns.rrsets")

describe("mlxresolve.mdns.rrsets", function()
  local function record(type, data, fields)
    local made = { type = type, data = data, interface = 2, added = 0, expires = 60e3, from = 0 }
    made.is_doomed = false
    for key, value in pairs(fields or {}) do
      made[key] = value
    end
    return made
  end

  it("finds a record by type, data and interface", function()
    local list = { record("A", "192.0.2.7"), record("A", "192.0.2.7", { interface = 3 }) }
    assert.equal(list[2], rrsets.find(list, "A", "192.0.2.7", 3))
    assert.is_nil(rrsets.find(list, "AAAA", "192.0.2.7", 3))
  end)

  it("has a type when one of its records may be told, on the interfaces that count", function()
    local dead = record("A", "192.0.2.7", { is_suspect = true, reason = "failure" })
    assert.is_false(rrsets.has({ dead, record("AAAA", "2001:db8::7") }, "A"))
    local list = { dead, record("A", "192.0.2.8") }
    assert.is_true(rrsets.has(list, "A"))
    assert.is_true(rrsets.has(list, "A", { [2] = true }))
    assert.is_false(rrsets.has(list, "A", { [3] = true }))
  end)

  it("gives the shortest time of the set", function()
    local list = { record("A", "192.0.2.7"), record("A", "192.0.2.8", { expires = 20e3 }) }
    local _, ttl = rrsets.data(list, "A", 500)
    assert.equal(20, ttl)
  end)

  it("uses what is about to end only while nothing else is there", function()
    local ending = record("A", "192.0.2.7", { is_doomed = true, expires = 1000 })
    assert.same({ "192.0.2.7" }, (rrsets.data({ ending }, "A", 0)))
    assert.same({ "192.0.2.8" }, (rrsets.data({ ending, record("A", "192.0.2.8") }, "A", 0)))
  end)

  it("does not take one type's name for another's in NSEC", function()
    local list = { record("NSEC", "a.local. AAAA") }
    assert.is_truthy(rrsets.denial(list, "A", 0))
    assert.is_nil(rrsets.denial(list, "AAAA", 0))
  end)

  it("takes an empty NSEC for a name with nothing", function()
    assert.is_truthy(rrsets.denial({ record("NSEC", "a.local.") }, "A", 0))
  end)

  it("believes no NSEC that is about to end", function()
    assert.is_nil(rrsets.denial({ record("NSEC", "a.local.", { is_doomed = true }) }, "A", 0))
  end)

  it("counts denials of the wanted interfaces", function()
    assert.is_nil(rrsets.denial({ record("NSEC", "a.local.") }, "A", 0, { [3] = true }))
  end)
end)
