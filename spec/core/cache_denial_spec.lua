local core = require("mlxresolve.core")

local answer = core.answer

local A, MX, AAAA, HTTPS = 1, 15, 28, 65
local NXDOMAIN = 3
local NAME = "a.example."

local function denial(type, ttl, name)
  return assert(answer.deny(name or NAME, type or "A", "nxdomain", ttl or 60))
end

local function address(type, ttl)
  local data = type == "AAAA" and "2001:db8::1" or "192.0.2.1"
  return assert(answer.build(NAME, type or "A", { data }, ttl or 60))
end

describe("a name that the cache has as denied", function()
  local cache

  before_each(function()
    cache = assert(core.cache.new { size = 1024 * 1024, max_negative_ttl = 3600, stale = 600 })
  end)

  local function deny(type, now, note)
    note = note or {}
    note.by_name = true
    assert.is_true(cache:put(denial(type), now or 0, note))
  end

  local function status(type, now, purpose, accept_stale)
    return (select(8, cache:get(NAME, type, now or 0, purpose, accept_stale)))
  end

  it("is so for other types, with their question, the SOA and the time left", function()
    deny("A", 0, { strategy = 7, interface = 3 })
    local got = { cache:get(NAME, MX, 25000) }
    assert.same({ 35, 25, 7, 3, false, false, "nxdomain", false, false }, { unpack(got, 2) })
    local reply = core.wire.decode(got[1])
    assert.same({ NAME, "MX" }, { reply.questions[1].name, reply.questions[1].type })
    assert.equal(NXDOMAIN, reply.rcode)
    assert.same({ "SOA", 35 }, { reply.authorities[1].type, reply.authorities[1].ttl })
    assert.equal("nxdomain", status(AAAA, 25000))
    assert.is_nil(status(MX, 60000))
  end)

  it("is so for the type alone unless the note says more", function()
    cache:put(denial("A"), 0)
    assert.equal("nxdomain", status(A))
    assert.is_nil(status(AAAA))
  end)

  it("is one entry for whoever counts, lists or flushes", function()
    deny("A")
    assert.equal(1, cache:stats().entries)
    assert.equal(1, #cache:list(0))
    assert.equal(1, cache:flush(0, { name = NAME }))
    assert.is_nil(status(A))
    assert.is_nil(status(AAAA))
    deny("A")
    assert.equal(1, cache:flush(0))
    assert.equal(0, cache:stats().entries)
  end)

  for what, filter in pairs {
    name = { name = NAME },
    zone = { suffix = "example." },
    strategy = { strategy = 7 },
    interface = { interface = 3 },
  } do
    it("is no longer so once it was flushed by " .. what, function()
      deny("A", 0, { strategy = 7, interface = 3 })
      cache:flush(0, filter)
      assert.is_nil(status(MX))
      cache:put(denial("A"), 0)
      assert.is_nil(status(MX), "what was flushed came back")
    end)
  end

  it("stays so when another name or strategy is flushed", function()
    deny("A", 0, { strategy = 7 })
    cache:flush(0, { name = "b.example." })
    cache:flush(0, { strategy = 8 })
    assert.equal("nxdomain", status(MX))
  end)

  it("exists as soon as anything else is said of it", function()
    for _, said in ipairs {
      address("AAAA"),
      address("AAAA", 0),
      assert(answer.deny(NAME, "MX", "nodata", 60)),
      assert(answer.build(NAME, "TXT", { '"here"' }, 60)),
    } do
      cache:flush(0)
      deny("A")
      assert.equal("nxdomain", status(HTTPS))
      cache:put(said, 0)
      assert.is_nil(status(HTTPS))
      assert.equal("nxdomain", status(A))
    end
  end)

  it("keeps the answers that other types have", function()
    cache:put(assert(answer.build(NAME, "MX", { "10 mail.example." }, 60)), 0)
    deny("A")
    assert.equal("answer", status(MX))
    assert.equal("nxdomain", status(AAAA))
  end)

  it("takes the place of answers that ran out, before those are served as stale", function()
    cache:put(assert(answer.build(NAME, "MX", { "10 mail.example." }, 5)), 0)
    deny("A", 10000)
    assert.equal("nxdomain", status(MX, 10000))
    assert.equal("nxdomain", status(MX, 10000, nil, true))
    assert.equal("answer", status(MX, 75000, nil, true))
  end)

  it("is believed for its type alone where it has an address, as some servers have it", function()
    cache:put(address("A"), 0)
    deny("AAAA")
    assert.equal("nxdomain", status(AAAA))
    assert.is_nil(status(HTTPS))
    deny("AAAA", 61000)
    assert.is_nil(status(A, 61000))
  end)

  it("is another one behind an alias", function()
    local alias = assert(answer.alias(denial("A", 60, "b.example."), NAME, 60))
    cache:put(alias, 0, { by_name = true })
    assert.equal("nxdomain", status(A))
    assert.is_nil(status(MX))
  end)

  it("is so for one purpose", function()
    deny("A", 0, { purpose = 5 })
    assert.equal("nxdomain", status(MX, 0, 5))
    assert.is_nil(status(MX))
    assert.is_nil(status(MX, 0, 6))
  end)

  it("is not said to be so when it has run out, or is withheld", function()
    deny("A")
    assert.is_nil(status(MX, 60000, nil, true))
    cache:mark(0, { name = NAME }, { withheld = true })
    assert.is_nil(status(MX))
  end)

  it("is due, as an answer is, for one of those who ask", function()
    deny("A")
    local function is_due(type)
      return (select(7, cache:get(NAME, type, 55000)))
    end
    assert.same({ true, false, false }, { is_due(MX), is_due(AAAA), is_due(A) })
    deny("MX", 55000)
    assert.equal("nxdomain", status(AAAA, 100000))
  end)

  it("shows nothing of how it is kept to those who ask for type 0", function()
    deny("A")
    assert.equal("nxdomain", (answer.read((cache:get(NAME, 0, 0)))))
    assert.is_nil((cache:copy(NAME, 0, 0)))
    assert.is_true(cache:put(denial("TYPE0"), 0))
    assert.equal("nxdomain", status(MX))
  end)

  it("holds in a full cache, whatever goes first", function()
    local small = assert(core.cache.new { size = 256 * 1024 })
    for i = 1, 20000 do
      local name = ("n%d.example."):format(i)
      small:put(denial("A", 60, name), 0, { by_name = true })
      assert.equal("nxdomain", (select(8, small:get(name, MX, 0))))
    end
    for i = 1, 20000 do
      local name = ("n%d.example."):format(i)
      local own, other = small:get(name, A, 0), small:get(name, MX, 0)
      assert.is_false(other ~= nil and own == nil, name)
    end
    local count, listed = small:stats().entries, small:list(0, nil, 1e6)
    assert.equal(count, #listed)
  end)
end)
