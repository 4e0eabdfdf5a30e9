local core = require("mlxresolve.core")

local answer = core.answer

local A, AAAA = 1, 28

local function new(options)
  options = options or {}
  options.size = options.size or 1024 * 1024
  return assert(core.cache.new(options))
end

local function a(name, ttl, address)
  return assert(answer.build(name or "a.example.", "A", { address or "192.0.2.1" }, ttl or 60))
end

--- What an answer says, and for how long.
local function said(bytes)
  local status, ttl = answer.read(bytes)
  return { status, ttl }
end

describe("the cache", function()
  it("makes of a text 32 bits that are never those of none", function()
    local seen, count = {}, 0
    for i = 1, 20000 do
      local bits = core.cache.fingerprint("strategy " .. i)
      assert.is_true(bits >= 1 and bits < 2 ^ 32 and bits % 1 == 0, bits)
      count = count + (seen[bits] and 0 or 1)
      seen[bits] = true
    end
    assert.is_true(count >= 19998, count) -- 0.05 pairs meet by chance
    assert.equal(core.cache.fingerprint("a\0b"), core.cache.fingerprint("a\0b"))
    assert.not_equal(core.cache.fingerprint("a\0b"), core.cache.fingerprint("a\0c"))
  end)

  it("gives back what was put", function()
    local cache, stored = new(), a()
    assert.is_true(cache:put(stored, 1000, { strategy = 0xfedcba98, interface = 3 }))
    local got = { cache:get("a.example.", A, 1000) }
    assert.same({ stored, 60, 0, 0xfedcba98, 3, false, false, "answer", false, false }, got)
  end)

  it("tells what the limits have made of an answer", function()
    local cache = new { min_ttl = 10, max_ttl = 100 }
    assert.same({ true }, { cache:put(a("a.example.", 60), 0) })
    for put, kept in pairs { [5] = 10, [500] = 100 } do
      local ok, packet = cache:put(a("b.example.", put), 0)
      assert.is_true(ok)
      assert.same({ "answer", kept }, said(packet))
      assert.equal(packet, (cache:get("b.example.", A, 0)))
    end
  end)

  it("finds a name in any spelling [RFC 1035 2.3.3: case]", function()
    local cache = new()
    cache:put(a("Mini2.LOCAL."), 0)
    assert.is_string((cache:get("mini2.local", A, 0)))
    assert.is_string((cache:get("MINI2.local.", A, 0)))
  end)

  it("tells types, names and purposes apart", function()
    local cache = new()
    cache:put(a(), 0, { purpose = 7 })
    assert.is_nil((cache:get("a.example.", A, 0)))
    assert.is_nil((cache:get("a.example.", A, 0, 8)))
    assert.is_nil((cache:get("a.example.", AAAA, 0, 7)))
    assert.is_nil((cache:get("b.example.", A, 0, 7)))
    assert.is_string((cache:get("a.example.", A, 0, 7)))
  end)

  it("lets a new answer take the place of the old, whatever their sizes", function()
    local cache = new()
    for _, count in ipairs { 1, 1, 5, 2 } do
      local data = {}
      for i = 1, count do
        data[i] = "192.0.2." .. i
      end
      local stored = answer.build("a.example.", "A", data, 60)
      cache:put(stored, 0)
      assert.equal(stored, (cache:get("a.example.", A, 0)))
      assert.equal(1, cache:stats().entries)
    end
  end)

  it("holds answers of any size", function()
    local cache = new()
    for _, count in ipairs { 1, 100, 1000, 4090 } do
      local data = {}
      for i = 1, count do
        data[i] = ("10.0.%d.%d"):format(i / 256, i % 256)
      end
      local stored = assert(answer.build("big.example.", "A", data, 60))
      assert.is_true(cache:put(stored, 0))
      assert.equal(stored, (cache:get("big.example.", A, 0)))
    end
  end)

  it("does not take what is no answer", function()
    local cache = new()
    assert.equal("EFORMAT", select(3, cache:put("", 0)))
    assert.equal("EFORMAT", select(3, cache:put(a():sub(1, -2), 0)))
    assert.equal("EFORMAT", select(3, cache:put(a() .. "\0", 0)))
  end)

  it("does not take an answer that is too large for it", function()
    local data = {}
    for i = 1, 4000 do
      data[i] = ("10.0.%d.%d"):format(i / 256, i % 256)
    end
    local cache = new { size = 65536 }
    assert.equal("ENOSPACE", select(3, cache:put(answer.build("a.", "A", data, 60), 0)))
  end)

  it("raises for numbers that it cannot keep", function()
    local cache = new()
    for _, number in ipairs { -1, 2 ^ 32, 0 / 0 } do
      assert.has_error(function()
        cache:get("a.example.", A, 0, number)
      end)
      assert.has_error(function()
        cache:flush(0, { strategies_but = { number } })
      end)
      assert.has_error(function()
        cache:put(a(), 0, { strategy = number })
      end)
    end
  end)

  it("refuses options that make no sense", function()
    assert.equal("EINVAL", select(3, core.cache.new { size = 1000 }))
    assert.equal("EINVAL", select(3, core.cache.new { min_ttl = 10, max_ttl = 5 }))
    assert.equal("EINVAL", select(3, core.cache.new { max_ttl = 0 }))
  end)

  it("goes by other times from now on", function()
    local cache = core.cache.new { max_ttl = 3600, stale = 0 }
    local function put(name, ttl)
      cache:put(answer.build(name, "A", { "192.0.2.1" }, ttl), 0)
      cache:put(answer.deny("no." .. name, "A", "nxdomain", ttl), 0)
    end
    local function ttls(name)
      return { (select(2, cache:get(name, A, 0))), (select(2, cache:get("no." .. name, A, 0))) }
    end
    put("a.example.", 600)
    assert.equal("EINVAL", select(3, cache:tune { min_ttl = 10, max_ttl = 5 }))
    put("b.example.", 600)
    assert.is_true(cache:tune { min_ttl = 30, max_ttl = 300, max_negative_ttl = 60, stale = 100 })
    put("c.example.", 600)
    put("d.example.", 1)
    assert.same(
      { { 600, 600 }, { 600, 600 }, { 300, 60 }, { 30, 30 } },
      { ttls("a.example."), ttls("b.example."), ttls("c.example."), ttls("d.example.") }
    )
    assert.is_true((select(6, cache:get("a.example.", A, 699e3, 0, true))))
    assert.is_nil((cache:get("a.example.", A, 700e3, 0, true)))
  end)

  describe("with time", function()
    it("counts the TTLs down", function()
      local cache = new()
      cache:put(a("a.example.", 60), 10000)
      local bytes, ttl, age = cache:get("a.example.", A, 22999)
      assert.same({ 48, 12 }, { ttl, age })
      assert.same({ "answer", 48 }, said(bytes))
    end)

    it("counts every TTL of a chain down", function()
      local cache = new()
      cache:put(answer.alias(a("b.example.", 60), "a.example.", 90), 0)
      local records = core.wire.decode((cache:get("a.example.", A, 10000))).answers
      assert.same({ 80, 50 }, { records[1].ttl, records[2].ttl })
    end)

    it("lets an answer live to the end of its TTL, and no longer", function()
      local cache = new()
      cache:put(a("a.example.", 2), 500)
      assert.is_string((cache:get("a.example.", A, 2499)))
      assert.is_nil((cache:get("a.example.", A, 2500)))
      assert.equal(0, cache:stats().entries)
    end)

    it("does not lose an answer to a clock that is a little behind", function()
      local cache = new()
      cache:put(a("a.example.", 2), 500)
      local _, ttl, age = cache:get("a.example.", A, 400)
      assert.same({ 2, 0 }, { ttl, age })
    end)

    it("works long after the machine was started", function()
      local cache, now = new(), 2 ^ 40 + 12345
      cache:put(a(), now)
      assert.equal(50, (select(2, cache:get("a.example.", A, now + 10000))))
    end)

    it("does not keep what must not be kept", function()
      local cache = new()
      assert.is_true(cache:put(a("a.example.", 0), 0))
      assert.is_nil((cache:get("a.example.", A, 0)))
    end)

    it("forgets an answer when a newer one must not be kept", function()
      local cache = new()
      cache:put(a("a.example.", 60), 0)
      cache:put(a("a.example.", 0), 0)
      assert.is_nil((cache:get("a.example.", A, 0)))
    end)
  end)

  describe("with limits for TTLs", function()
    it("raises and lowers what it is given", function()
      local cache = new { min_ttl = 10, max_ttl = 100 }
      for ttl, kept in pairs { [0] = 10, [5] = 10, [50] = 50, [500] = 100 } do
        cache:put(a("a.example.", ttl), 0)
        local bytes, left = cache:get("a.example.", A, 0)
        assert.same({ kept, kept }, { left, said(bytes)[2] })
      end
    end)

    it("obeys those of an answer rather than its own", function()
      local cache = new { min_ttl = 10, max_ttl = 100 }
      cache:put(a("a.example.", 500), 0, { max_ttl = 300 })
      assert.equal(300, (select(2, cache:get("a.example.", A, 0))))
      cache:put(a("a.example.", 1), 0, { min_ttl = 2 })
      assert.equal(2, (select(2, cache:get("a.example.", A, 0))))
    end)

    it(
      "keeps denials for three hours at most unless told otherwise [RFC 2308 5: denials]",
      function()
        local cache = new()
        cache:put(answer.deny("a.example.", "A", "nxdomain", 86400), 0)
        assert.equal(3 * 3600, (select(2, cache:get("a.example.", A, 0))))
      end
    )

    it("keeps denials for a shorter time", function()
      local cache = new { max_negative_ttl = 20 }
      cache:put(answer.deny("a.example.", "A", "nxdomain", 300), 0)
      local bytes, ttl = cache:get("a.example.", A, 0)
      assert.equal(20, ttl)
      assert.same({ "nxdomain", 20 }, said(bytes))
      assert.is_nil((cache:get("a.example.", A, 20000)))
    end)

    it("keeps no denial when denials are not to be kept", function()
      local cache = new { max_negative_ttl = 0 }
      cache:put(answer.deny("a.example.", "A", "nodata", 300), 0)
      assert.is_nil((cache:get("a.example.", A, 0)))
    end)
  end)

  describe("with denials and failures", function()
    local function bare(rcode)
      local packet = core.wire.encode {
        response = true,
        rcode = rcode,
        questions = { { name = "a.example.", type = "A" } },
      }
      return assert(answer.scrub(packet))
    end

    it("gives a denial back with its SOA, counted down [RFC 2308 3: SOA]", function()
      local cache = new()
      cache:put(answer.deny("a.example.", "A", "nodata", 30), 0)
      local message = core.wire.decode((cache:get("a.example.", A, 10000)))
      assert.same({ 0, 20 }, { #message.answers, message.authorities[1].ttl })
    end)

    it("keeps an answer without records only when told for how long", function()
      local cache = new { min_ttl = 5 }
      for _, rcode in ipairs { 0, 2 } do
        cache:put(bare(rcode), 0)
        assert.is_nil((cache:get("a.example.", A, 0)))
        cache:put(bare(rcode), 0, { min_ttl = 3 })
        local bytes, ttl = cache:get("a.example.", A, 0)
        assert.same({ 3, rcode }, { ttl, (select(5, answer.read(bytes))) })
        cache:flush(0)
      end
    end)

    it(
      "kept a CNAME without its target as a denial, for as long as the CNAME [RFC 2308 5]",
      function()
        local cache = new()
        local packet = assert(core.wire.encode {
          response = true,
          questions = { { name = "a.example.", type = "A" } },
          answers = { { name = "a.example.", type = "CNAME", ttl = 60, data = "b.example." } },
        })
        local denial = assert(answer.scrub(packet))
        assert.equal("nodata", (answer.read(denial)))
        cache:put(denial, 0)
        assert.is_nil((cache:get("a.example.", A, 0)))
        cache:put(
          assert(answer.alias(answer.deny("b.example.", "A", "nodata", 30), "a.example.", 60)),
          0
        )
        assert.same({ "nodata", 30 }, said((cache:get("a.example.", A, 0))))
      end
    )

    it("does not let a failure take the place of a stale answer", function()
      local cache = new { stale = 100 }
      cache:put(a("a.example.", 10), 0)
      cache:put(bare(2), 20000, { min_ttl = 5 })
      assert.equal("answer", (answer.read((cache:get("a.example.", A, 20000, 0, true)))))
      cache:put(bare(2), 110000, { min_ttl = 5 })
      assert.equal("failure", (answer.read((cache:get("a.example.", A, 110000)))))
    end)
  end)

  describe("with answers that bear an age", function()
    it("counts their TTL from when they were said, even before the clock began", function()
      local cache = new { stale = 100 }
      assert.is_true(cache:put(a(nil, 60), 5000, { age = 45000 }))
      local bytes, ttl, age = cache:get("a.example.", A, 6000)
      assert.same({ "answer", 14 }, said(bytes))
      assert.same({ 14, 46 }, { ttl, age })
      assert.is_nil((cache:get("a.example.", A, 20000)))
      assert.is_true((select(6, cache:get("a.example.", A, 20000, 0, true))))
    end)

    it("takes those whose TTL ran out as stale, as long as those are kept", function()
      local cache = new { stale = 100 }
      cache:put(a("old.example.", 60), 1000, { age = 150000 })
      cache:put(a("over.example.", 60), 1000, { age = 161000 })
      assert.is_nil((cache:get("old.example.", A, 1000)))
      assert.is_string((cache:get("old.example.", A, 1000, 0, true)))
      assert.is_nil((cache:get("over.example.", A, 1000, 0, true)))
    end)

    it("does not let them take the place of younger ones", function()
      local cache = new()
      cache:put(a(nil, 60, "192.0.2.2"), 9000)
      cache:put(a(nil, 60, "192.0.2.1"), 10000, { age = 2000 })
      assert.same({ "192.0.2.2" }, (answer.data((cache:get("a.example.", A, 10000)))))
      cache:put(a(nil, 60, "192.0.2.3"), 11000, { age = 1000 })
      assert.same({ "192.0.2.3" }, (answer.data((cache:get("a.example.", A, 11000)))))
    end)
  end)

  it("copies an answer as it was put, without counting a hit", function()
    local cache, stored = new { stale = 100, max_ttl = 50 }, a(nil, 60)
    cache:put(stored, 1000, { strategy = 7, interface = 3, purpose = 9 })
    local copied = { cache:copy("A.example", A, 53500, 9) }
    assert.same({ "answer", 50 }, said(copied[1]))
    assert.same({ 52500, 50, 7, 3, false, false }, { unpack(copied, 2) })
    assert.is_nil((cache:copy("a.example.", A, 53500)))
    assert.is_nil((cache:copy("a.example.", A, 151000, 9)))
    assert.same({ 0, 0, 0 }, { cache:stats().hits, cache:stats().stale_hits, cache:stats().misses })
  end)

  describe("with stale answers", function()
    it("gives them only on request, with a TTL of 30 s [RFC 8767 4: stale TTL]", function()
      local cache = new { stale = 100 }
      cache:put(answer.alias(a("b.example.", 10), "a.example.", 600), 0)
      assert.is_nil((cache:get("a.example.", A, 10000)))
      local bytes, ttl, age, _, _, is_stale = cache:get("a.example.", A, 15000, 0, true)
      assert.same({ 0, 15, true }, { ttl, age, is_stale })
      local records = core.wire.decode(bytes).answers
      assert.same({ 30, 30 }, { records[1].ttl, records[2].ttl })
    end)

    it("prefers to give them fresh", function()
      local cache = new { stale = 100 }
      cache:put(a("a.example.", 10), 0)
      assert.is_false((select(6, cache:get("a.example.", A, 9999, 0, true))))
    end)

    it("forgets them in the end [RFC 8767 5: stale timers]", function()
      local cache = new { stale = 100 }
      cache:put(a("a.example.", 10), 0)
      assert.is_string((cache:get("a.example.", A, 109999, 0, true)))
      assert.is_nil((cache:get("a.example.", A, 110000, 0, true)))
    end)

    it("comes to life again when put anew", function()
      local cache = new { stale = 100 }
      cache:put(a("a.example.", 10), 0)
      cache:put(a("a.example.", 10), 50000)
      assert.equal(9, (select(2, cache:get("a.example.", A, 51000))))
    end)
  end)

  describe("with doubts", function()
    local function flags(cache, now)
      local entry = cache:list(now, {})[1]
      return { entry.suspect, entry.withheld, entry.stale }
    end

    it("serves what is suspect as before, and says so", function()
      local cache = new()
      cache:put(a(), 0, { interface = 3 })
      assert.equal(0, cache:mark(0, { interface = 4 }, { suspect = true }))
      assert.equal(1, cache:mark(0, { interface = 3 }, { suspect = true }))
      assert.equal(0, cache:mark(0, {}, { suspect = true }))
      local got = { cache:get("a.example.", A, 1000) }
      assert.same({ a(nil, 59), 59 }, { got[1], got[2] })
      assert.same({ true, false }, { got[9], got[10] })
      assert.same({ true, false, false }, flags(cache, 1000))
      assert.is_true((select(6, cache:copy("a.example.", A, 1000))))
    end)

    it("has the first who asks for what is suspect look into it", function()
      local cache = new()
      cache:put(a(), 0)
      assert.is_false((select(7, cache:get("a.example.", A, 0))))
      cache:mark(0, {}, { suspect = true })
      assert.is_true((select(7, cache:get("a.example.", A, 0))))
      assert.is_false((select(7, cache:get("a.example.", A, 0))))
    end)

    it("tells the next hit of what nobody asked for any more, once", function()
      local cache = new()
      cache:put(a(), 0)
      assert.equal(1, cache:mark(0, { suffix = "example." }, { idle = true }))
      local got = { cache:get("a.example.", A, 0) }
      assert.same({ a(), true, false }, { got[1], got[7], got[9] })
      assert.is_false((select(7, cache:get("a.example.", A, 0))))
      assert.equal(1, cache:mark(0, {}, { idle = true }))
      assert.is_true((select(3, cache:peek("a.example.", A, 0))))
    end)

    it("withholds an answer from those who take nothing stale, and gives it back", function()
      local cache = new { stale = 100 }
      cache:put(a(), 0)
      assert.equal(1, cache:mark(0, {}, { withheld = true }))
      assert.is_nil((cache:get("a.example.", A, 0)))
      local got = { cache:get("a.example.", A, 0, 0, true) }
      assert.same({ 0, true, true }, { got[2], got[6], got[10] })
      assert.same({ false, true, true }, flags(cache, 0))
      cache:mark(0, {}, { withheld = false, suspect = true })
      assert.same({ true, false, false }, flags(cache, 0))
      assert.is_string((cache:get("a.example.", A, 0)))
    end)

    it("has none about what is said anew", function()
      local cache = new()
      cache:put(a(), 0)
      cache:mark(0, {}, { suspect = true, withheld = true })
      cache:put(a(), 1000)
      assert.same({ false, false, false }, flags(cache, 1000))
    end)

    it("finds what it has doubts about", function()
      local cache = new()
      cache:put(a("a.example."), 0)
      cache:put(a("b.example."), 0)
      cache:mark(0, { name = "a.example." }, { suspect = true })
      cache:mark(0, { name = "b.example." }, { withheld = true })
      assert.equal("a.example.", cache:list(0, { suspect = true })[1].name)
      assert.equal("b.example.", cache:list(0, { withheld = true })[1].name)
      assert.equal(0, #cache:list(0, { suspect = true, withheld = true }))
    end)

    it("lets an answer run out", function()
      local cache = new { stale = 100 }
      cache:put(a(), 0)
      assert.equal(1, cache:expire(500, { name = "a.example." }))
      assert.equal(0, cache:expire(500, { name = "a.example." }))
      assert.is_nil((cache:get("a.example.", A, 500)))
      assert.is_true((select(6, cache:get("a.example.", A, 99999, 0, true))))
      assert.is_nil((cache:get("a.example.", A, 100500, 0, true)))
      local brief = new()
      brief:put(a(), 0)
      assert.equal(1, brief:expire(500))
      assert.equal(0, brief:stats().entries)
    end)
  end)

  describe("knows what is in use:", function()
    local function idle(cache, now)
      return cache:list(now, {})[1].idle
    end

    it("what is asked for", function()
      local cache = new()
      cache:put(a(), 0)
      assert.equal(40, idle(cache, 40000))
      cache:get("a.example.", A, 40000)
      assert.equal(0, idle(cache, 40000))
      assert.equal(1, #cache:list(90000 - 40001, { used_within = 60 }))
      assert.equal(0, #cache:list(59999 + 50000, { used_within = 60 }))
    end)

    it("not what is only refreshed, copied or listed", function()
      local cache = new()
      cache:put(a(), 0)
      cache:put(a(), 30000)
      cache:copy("a.example.", A, 40000)
      assert.equal(40, idle(cache, 40000))
    end)

    it("what is asked for after it has run out", function()
      local cache = new { stale = 1000 }
      cache:put(a(nil, 10), 0)
      cache:get("a.example.", A, 80000)
      cache:put(a(nil, 10), 80000)
      assert.equal(0, idle(cache, 80000))
    end)

    it("for three days, and then forgets", function()
      local cache = new { stale = 400000 }
      cache:put(a(), 0)
      assert.equal(200000, idle(cache, 200000000))
    end)

    it("though the clocks of two threads differ", function()
      local cache = new()
      cache:put(a(), 8000)
      cache:get("a.example.", A, 8000)
      assert.equal(0, idle(cache, 7999))
    end)
  end)

  it("counts what happens", function()
    local cache = new { stale = 10 }
    cache:put(a("a.example.", 1), 0)
    cache:get("a.example.", A, 0)
    cache:get("a.example.", A, 5000)
    cache:get("a.example.", A, 5000, 0, true)
    cache:get("a.example.", A, 50000)
    local stats = cache:stats()
    assert.same({ 1, 2, 1, 1, 1, 0 }, {
      stats.hits,
      stats.misses,
      stats.stale_hits,
      stats.puts,
      stats.expired,
      stats.entries,
    })
  end)

  it("is gone, and says so, for finalizers that outlive it", function()
    local cache = core.cache.new { size = 65536 }
    getmetatable(cache).__gc(cache)
    assert.has_error(function()
      cache:stats()
    end, "calling 'stats' on bad self (the cache is gone)")
    getmetatable(cache).__gc(cache)
  end)
end)
