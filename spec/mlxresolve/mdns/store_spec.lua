local core = require("mlxresolve.core")
local store = require("mlxresolve.mdns.store")

describe("mlxresolve.mdns.store", function()
  local known, cares

  before_each(function()
    cares = assert(core.interest.new())
    known = store.new(cares)
  end)

  local function put(now, name, type, data, fields)
    local record = { name = name, type = type, data = data, ttl = 120, cache_flush = true }
    for key, value in pairs(fields or {}) do
      record[key] = value
    end
    known:put(record, record.interface or 2, now)
  end

  it("gives what was put, with the seconds left", function()
    put(0, "a.local.", "A", "192.0.2.7")
    local data, ttl, interface = known:get("a.local.", "A", 30e3)
    assert.same({ "192.0.2.7" }, data)
    assert.equal(90, ttl)
    assert.equal(2, interface)
  end)

  it("gives nothing when the time to live is over", function()
    put(0, "a.local.", "A", "192.0.2.7")
    assert.is_nil(known:get("a.local.", "A", 120e3))
    assert.equal(0, known.size)
    assert.equal(0, cares:stats().labels)
  end)

  it("begins the time anew when a record is said again", function()
    put(0, "a.local.", "A", "192.0.2.7")
    put(100e3, "a.local.", "A", "192.0.2.7")
    local _, ttl = known:get("a.local.", "A", 110e3)
    assert.equal(110, ttl)
    assert.equal(1, known.size)
  end)

  it("limits the time to live to 75 minutes", function()
    put(0, "a.local.", "A", "192.0.2.7", { ttl = 2147483647 })
    local _, ttl = known:get("a.local.", "A", 0)
    assert.equal(4500, ttl)
  end)

  it("merges what several interfaces say and names the first", function()
    put(0, "a.local.", "A", "192.0.2.7")
    put(1, "a.local.", "A", "198.51.100.7", { interface = 3 })
    put(2, "a.local.", "A", "192.0.2.7", { interface = 3 })
    local data, _, interface = known:get("a.local.", "A", 2)
    assert.same({ "192.0.2.7", "198.51.100.7" }, data)
    assert.equal(2, interface)
  end)

  it("gives link-local addresses of the interface that it names only", function()
    put(0, "a.local.", "AAAA", "fe80::7")
    put(1, "a.local.", "AAAA", "fe80::8", { interface = 3 })
    put(1, "a.local.", "AAAA", "2001:db8::8", { interface = 3 })
    local data, _, interface = known:get("a.local.", "AAAA", 2)
    assert.same({ "fe80::7", "2001:db8::8" }, data)
    assert.equal(2, interface)
  end)

  it("gives what was heard on the wanted interfaces", function()
    put(0, "a.local.", "A", "192.0.2.7")
    put(1, "a.local.", "A", "198.51.100.7", { interface = 3 })
    local data, _, interface = known:get("a.local.", "A", 2, { [3] = true })
    assert.same({ "198.51.100.7" }, data)
    assert.equal(3, interface)
    assert.is_nil(known:get("a.local.", "A", 2, { [4] = true }))
  end)

  describe("at the cache-flush bit (RFC 6762 section 10.2)", function()
    it("ends older members of the set within a second [RFC 6762 10.2: flush]", function()
      put(0, "a.local.", "A", "192.0.2.7")
      put(5000, "a.local.", "A", "192.0.2.8")
      assert.same({ "192.0.2.8" }, (known:get("a.local.", "A", 5000)))
      assert.equal(2, known.size)
      known:get("a.local.", "A", 6000)
      assert.equal(1, known.size)
    end)

    it("keeps members of the last second [RFC 6762 10.2: flush]", function()
      put(0, "a.local.", "A", "192.0.2.7")
      put(900, "a.local.", "A", "192.0.2.8")
      assert.same({ "192.0.2.7", "192.0.2.8" }, (known:get("a.local.", "A", 5000)))
    end)

    it("keeps members that are said again within the second [RFC 6762 10.2: flush]", function()
      put(0, "a.local.", "A", "192.0.2.7")
      put(5000, "a.local.", "A", "192.0.2.8")
      put(5300, "a.local.", "A", "192.0.2.7")
      local data, ttl = known:get("a.local.", "A", 7000)
      assert.same({ "192.0.2.7", "192.0.2.8" }, data)
      assert.equal(118, ttl)
    end)

    it("leaves other types and interfaces alone", function()
      put(0, "a.local.", "AAAA", "2001:db8::7")
      put(0, "a.local.", "A", "198.51.100.7", { interface = 3 })
      put(5000, "a.local.", "A", "192.0.2.8")
      assert.same({ "2001:db8::7" }, (known:get("a.local.", "AAAA", 7000)))
      assert.same({ "198.51.100.7", "192.0.2.8" }, (known:get("a.local.", "A", 7000)))
    end)

    it("is needed: shared records live side by side", function()
      put(0, "_x._tcp.local.", "PTR", "a._x._tcp.local.", { cache_flush = false })
      put(5000, "_x._tcp.local.", "PTR", "b._x._tcp.local.", { cache_flush = false })
      assert.equal(2, #known:get("_x._tcp.local.", "PTR", 7000))
    end)
  end)

  describe("at a goodbye (RFC 6762 section 10.1)", function()
    it("keeps the record for a second [RFC 6762 10.1: goodbye heard]", function()
      put(0, "a.local.", "A", "192.0.2.7")
      put(5000, "a.local.", "A", "192.0.2.7", { ttl = 0 })
      local _, ttl = known:get("a.local.", "A", 5500)
      assert.equal(1, ttl)
      assert.is_nil(known:get("a.local.", "A", 6000))
    end)

    it("survives hearing it twice, or for what it never had", function()
      put(0, "a.local.", "A", "192.0.2.7")
      put(5000, "a.local.", "A", "192.0.2.7", { ttl = 0 })
      put(5000, "a.local.", "A", "192.0.2.7", { ttl = 0 })
      put(5000, "b.local.", "A", "192.0.2.7", { ttl = 0 })
      put(5500, "a.local.", "A", "192.0.2.7", { ttl = 0 })
      assert.is_nil(known:get("a.local.", "A", 6000))
      assert.equal(0, known.size)
    end)

    it("takes it back when another announces it", function()
      put(0, "a.local.", "A", "192.0.2.7")
      put(5000, "a.local.", "A", "192.0.2.7", { ttl = 0 })
      put(5200, "a.local.", "A", "192.0.2.7")
      assert.is_truthy(known:get("a.local.", "A", 8000))
    end)
  end)

  describe("denies (RFC 6762 section 6.1)", function()
    it("what NSEC does not list [RFC 6762 6.1: denials]", function()
      put(0, "a.local.", "NSEC", "a.local. A TXT")
      assert.equal(120, (known:denies("a.local.", "AAAA", 0)))
      assert.is_nil(known:denies("a.local.", "A", 0))
      assert.is_nil(known:denies("a.local.", "TXT", 0))
      assert.is_nil(known:denies("b.local.", "AAAA", 0))
    end)

    it("what stays silent, from its moment on until its time is over", function()
      known:deny("a.local.", "AAAA", 2, 50, 10, 0)
      local ttl, moment = known:denies("a.local.", "AAAA", 49)
      assert.is_nil(ttl)
      assert.equal(50, moment)
      local left, interface = known:denies("a.local.", "AAAA", 50)
      assert.equal(10, left)
      assert.equal(2, interface)
      assert.is_nil(known:denies("a.local.", "AAAA", 10050))
    end)

    it("no longer what is said after all", function()
      known:deny("a.local.", "AAAA", 2, 50, 10, 0)
      put(100, "a.local.", "AAAA", "2001:db8::7")
      assert.is_nil(known:denies("a.local.", "AAAA", 200))
      assert.equal(1, known.size)
    end)
  end)

  describe("tells of changes", function()
    local function settled()
      local names = {}
      for name in pairs(known:settle()) do
        names[#names + 1] = name
      end
      return names
    end

    it("only to those who were told before, and once", function()
      put(0, "a.local.", "A", "192.0.2.7")
      assert.same({}, settled())
      known:give("a.local.")
      put(1, "a.local.", "AAAA", "2001:db8::7")
      assert.same({ "a.local." }, settled())
      put(2, "a.local.", "AAAA", "2001:db8::8")
      assert.same({}, settled())
    end)

    it("not when a set is said again as it was", function()
      put(0, "a.local.", "A", "192.0.2.7")
      put(0, "a.local.", "A", "192.0.2.8")
      settled()
      known:give("a.local.")
      put(5000, "a.local.", "A", "192.0.2.7")
      put(5000, "a.local.", "A", "192.0.2.8")
      assert.same({}, settled())
    end)
  end)

  it("says what is news of what it is told", function()
    local function say(now, data, fields)
      local record =
        { name = "a.local.", type = "A", class = "IN", ttl = 120, data = data, cache_flush = true }
      for key, value in pairs(fields or {}) do
        record[key] = value
      end
      return known:put(record, 2, now)
    end
    assert.is_true(say(0, "192.0.2.7"))
    assert.is_false(say(10, "192.0.2.7"))
    assert.is_true(say(20, "192.0.2.7", { ttl = 60 }))
    assert.is_true(say(3000, "192.0.2.8"))
    assert.is_true(say(3100, "192.0.2.7"))
    assert.is_true(say(6000, "192.0.2.7", { ttl = 0 }))
    assert.is_true(say(6100, "192.0.2.7"))
    assert.is_false(say(6200, "192.0.2.9", { ttl = 0 }))
  end)

  describe("is bounded", function()
    it("per name", function()
      for i = 1, 100 do
        put(0, "a.local.", "A", "192.0.2." .. i)
      end
      assert.equal(64, known.size)
    end)

    it("as a whole, at the cost of the oldest names", function()
      for i = 1, 7000 do
        put(i, ("n%d.local."):format(i), "A", "192.0.2.7")
      end
      assert.equal(6000, known.size)
      assert.is_nil(known:get("n1000.local.", "A", 7000))
      assert.is_truthy(known:get("n1001.local.", "A", 7000))
    end)

    it("so that a newcomer costs as little when it is full as before", function()
      local function work(from)
        local began = os.clock()
        for i = from, from + 1999 do
          put(i, ("n%d.local."):format(i), "A", "192.0.2.7")
        end
        return os.clock() - began
      end
      local filling = math.min(work(1), work(2001), work(4001))
      local full = math.min(work(6001), work(8001), work(10001))
      -- with as many names as the table has places, each would cost a hundred times as much
      assert.is_true(full < 20 * filling, full / filling)
    end)

    it("but keeps the names that somebody waits for", function()
      put(0, "mini2.local.", "A", "192.0.2.7")
      known:pin("mini2.local.")
      for i = 1, 7000 do
        put(i, ("n%d.local."):format(i), "A", "192.0.2.7")
      end
      assert.is_truthy(known:get("mini2.local.", "A", 7000))
      assert.equal(6000, known.size)
      known:unpin("mini2.local.")
      for i = 1, 7000 do
        put(i, ("m%d.local."):format(i), "A", "192.0.2.7")
      end
      assert.is_nil(known:get("mini2.local.", "A", 7000))
    end)

    it("and drops what has expired before what has not", function()
      put(0, "long.local.", "A", "192.0.2.7", { ttl = 4000 })
      for i = 1, 5999 do
        put(0, ("n%d.local."):format(i), "A", "192.0.2.7", { ttl = 1 })
      end
      known:get("n1.local.", "A", 2000)
      put(2000, "new.local.", "A", "192.0.2.7")
      assert.is_truthy(known:get("long.local.", "A", 2000))
    end)
  end)

  it("forgets a name, an interface, everything", function()
    put(0, "a.local.", "A", "192.0.2.7")
    put(0, "a.local.", "A", "198.51.100.7", { interface = 3 })
    put(0, "b.local.", "A", "192.0.2.8")
    known:forget { interface = 2 }
    assert.same({ "198.51.100.7" }, (known:get("a.local.", "A", 0)))
    assert.is_nil(known:get("b.local.", "A", 0))
    put(0, "b.local.", "A", "192.0.2.8")
    known:forget { name = "a.local." }
    assert.is_nil(known:get("a.local.", "A", 0))
    put(0, "a.lan.local.", "A", "192.0.2.9")
    put(0, "alan.local.", "A", "192.0.2.9")
    known:forget { suffix = "lan.local." }
    assert.is_nil(known:get("a.lan.local.", "A", 0))
    assert.is_truthy(known:get("alan.local.", "A", 0))
    known:forget { suffix = "." }
    assert.equal(0, known.size)
    put(0, "a.local.", "A", "192.0.2.7")
    known:forget {}
    assert.equal(0, known.size)
    assert.equal(0, cares:stats().labels)
  end)
end)
