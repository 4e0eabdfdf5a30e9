local changes = require("mlxresolve.mdns.changes")
local stored = require("mlxresolve.mdns.stored")

local SPOKEN = { [2] = true }

local function record(data, fields)
  local said = { type = "A", data = data, ttl = 120, cache_flush = true }
  local new = stored.new(said, 2, 0)
  for key, value in pairs(fields or {}) do
    new[key] = value
  end
  return new
end

describe("mlxresolve.mdns.changes", function()
  local all

  before_each(function()
    all = {}
  end)

  local function find(records, now, spoken)
    local lines = {}
    for i, event in ipairs(changes.find(all, records, now or 0, spoken or SPOKEN)) do
      local was = event.was and event.was .. " > " or ""
      lines[i] = ("%s %s%s %s"):format(event.kind, was, event.data, event.reason or "-")
    end
    return lines
  end

  it("tells what is new, once", function()
    local a = record("192.0.2.7")
    assert.same({ "added 192.0.2.7 -" }, find { a })
    assert.same({}, find { a })
  end)

  it("knows a record again by what it says", function()
    find { record("192.0.2.7") }
    assert.same({}, find { record("192.0.2.7") })
  end)

  it("does not tell of what is about to end", function()
    assert.same({}, find { record("192.0.2.7", { is_doomed = true, reason = "goodbye" }) })
  end)

  it("pairs what is new with what it replaces", function()
    local a = record("192.0.2.7")
    find { a }
    stored.doom(a, "replaced", 0)
    assert.same({ "moved 192.0.2.7 > 192.0.2.8 announced" }, find { a, record("192.0.2.8") })
    assert.same({}, find { record("192.0.2.8") })
  end)

  it("pairs each of two addresses", function()
    local a, b = record("192.0.2.1"), record("192.0.2.2")
    find { a, b }
    stored.doom(a, "replaced", 0)
    stored.doom(b, "replaced", 0)
    local lines = find { a, b, record("192.0.2.3"), record("192.0.2.4") }
    assert.equal(2, #lines)
    assert.matches("^moved 192%.0%.2%.[12] > 192%.0%.2%.3", lines[1])
    assert.matches("^moved 192%.0%.2%.[12] > 192%.0%.2%.4", lines[2])
  end)

  it("tells doubt and its end", function()
    local a = record("192.0.2.7")
    find { a }
    stored.doubt(a, "failure", 0)
    assert.same({ "suspect 192.0.2.7 failure" }, find { a })
    stored.renew(a, { ttl = 120, cache_flush = true }, 100)
    assert.same({ "added 192.0.2.7 confirmed" }, find({ a }, 100))
  end)

  it("tells of the end with its reason", function()
    local a = record("192.0.2.7")
    find { a }
    assert.same({ "gone 192.0.2.7 expired" }, find({}, 120e3))
    find { a }
    stored.doom(a, "goodbye", 0)
    find { a }
    assert.same({ "gone 192.0.2.7 goodbye" }, find({}, 1000))
  end)

  it("gives what was forgotten three seconds on a link that is still there", function()
    local a = record("192.0.2.7")
    find { a }
    assert.same({ "suspect 192.0.2.7 forgotten" }, find({}, 5000))
    assert.same({}, find({}, 7999))
    assert.same({ "gone 192.0.2.7 forgotten" }, find({}, 8000))
    find { a }
    assert.same({ "gone 192.0.2.7 link" }, find({}, 5000, {}))
  end)
end)
