local stored = require("mlxresolve.mdns.stored")

describe("mlxresolve.mdns.stored", function()
  local record

  before_each(function()
    local said = { type = "A", data = "192.0.2.7", ttl = 120, cache_flush = true }
    record = stored.new(said, 2, 1000, "192.0.2.7")
  end)

  it("lives for its time to live, 75 minutes at most", function()
    assert.equal(121e3, record.expires)
    local said = { type = "A", data = "192.0.2.7", ttl = 2147483647 }
    assert.equal(4500e3, stored.new(said, 2, 0).expires)
  end)

  it("is a known answer for the first half of its life (RFC 6762 section 7.1)", function()
    assert.is_true(stored.is_known_answer(record, 61e3))
    assert.is_false(stored.is_known_answer(record, 61001))
  end)

  it("is no known answer when it is doomed or doubted", function()
    stored.doubt(record, "failure", 2000)
    assert.is_false(stored.is_known_answer(record, 2000))
    stored.renew(record, { ttl = 120 }, 3000)
    assert.is_true(stored.is_known_answer(record, 3000))
    stored.doom(record, "goodbye", 4000)
    assert.is_false(stored.is_known_answer(record, 4000))
    assert.is_false(stored.is_known_answer(stored.silence("AAAA", 2, 0, 10, 0), 0))
  end)

  it("ends a second after a goodbye, and ten after a doubt", function()
    stored.doubt(record, "failure", 2000)
    assert.equal(12e3, record.expires)
    assert.equal("failure", stored.end_reason(record, 12e3))
    stored.doom(record, "goodbye", 4000)
    assert.equal(5000, record.expires)
    assert.equal("goodbye", stored.end_reason(record, 5000))
  end)

  it("is not doubted into a longer life", function()
    stored.doubt(record, "unanswered", 120e3)
    assert.equal(121e3, record.expires)
  end)

  it("ends of its age, or with its link", function()
    assert.equal("expired", stored.end_reason(record, 121e3))
    assert.equal("link", stored.end_reason(record, 5000))
  end)
end)
