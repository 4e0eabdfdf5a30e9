local core = require("mlxresolve.core")
local bed = require("support.bed")

local base64 = require("mlxresolve.base64")

describe("a dump", function()
  local here

  local function open(stale)
    local one = bed.open({
      bed.strategy("source", function(query)
        if query.name == "none.example." then
          return query:nxdomain(60)
        end
        return query:answer("192.0.2.1", 300)
      end),
    }, { cache = { stale = stale or 0 } })
    one.world.links = { { index = 4, name = "eth4", addresses = {} } }
    return one
  end

  local function fill(count)
    here = open()
    for i = 1, count do
      here:ask(("n%d.example."):format(i))
    end
  end

  --- All pages.
  local function dump(filter)
    local all, from = {}, nil
    repeat
      local entries
      entries, from = here.resolver:dump(filter, from)
      for _, entry in ipairs(entries) do
        all[#all + 1] = entry
      end
    until not from
    return all
  end

  it("holds whole entries", function()
    fill(1)
    here.world:advance(100e3)
    local entry = dump()[1]
    assert.same({ "n1.example.", "A", "answer", 200, 100, "source", false, 0 }, {
      entry.name,
      entry.type,
      entry.status,
      entry.ttl,
      entry.age,
      entry.strategy,
      entry.interface,
      entry.purpose,
    })
    local packet = base64.decode(entry.answer)
    assert.equal(core.answer.build("n1.example.", "A", { "192.0.2.1" }, 300), packet)
  end)

  it("meets each entry once, page by page", function()
    fill(1700)
    local first, next_page = here.resolver:dump()
    assert.is_true(#first >= 500 and #first < 600, #first .. " on a page")
    assert.is_number(next_page)
    local seen, count = {}, 0
    for _, entry in ipairs(dump()) do
      assert.is_nil(seen[entry.name])
      seen[entry.name], count = true, count + 1
    end
    assert.equal(1700, count)
  end)

  it("is of what a filter means", function()
    fill(3)
    here:ask("none.example.")
    assert.equal(1, #dump { name = "n2.example" })
    assert.equal("nxdomain", dump({ name = "none.example" })[1].status)
    assert.equal(0, #dump { type = "AAAA" })
    assert.same({ nil, "no strategy 'x'", "ENOENT" }, { here.resolver:dump { strategy = "x" } })
  end)

  it("comes back as old as it was, with a denial too", function()
    fill(2)
    here:ask("none.example.")
    here.world:advance(20e3)
    local entries = dump()
    here = open()
    here.world:advance(20e3)
    assert.same({ 3, 0, nil }, { here.resolver:load(entries) })
    local again = dump()
    local function by_name(a, b)
      return a.name < b.name
    end
    table.sort(entries, by_name)
    table.sort(again, by_name)
    assert.same(entries, again)
  end)

  it("does not take the place of younger answers", function()
    fill(1)
    local old = dump()
    here.world:advance(50e3)
    here.resolver:flush {}
    here:ask("n1.example.")
    old[1].age = 50
    here.resolver:load(old)
    assert.equal(300, dump()[1].ttl)
  end)

  describe("brought back as fresh", function()
    local function ttl_of(name)
      return (select(2, here.resolver.cache:get(name, 1, here.world:now())))
    end

    --- Dumps, and loads into another resolver; `later` s of the wall clock.
    local function move(later)
      local entries, date = dump(), here.world:date()
      here = open("1h")
      here.world:advance((date - here.world:date() + (later or 0)) * 1000)
      assert.same({ #entries, 0, nil }, { here.resolver:load(entries) })
    end

    before_each(function()
      here = open("1h")
      here:ask("n1.example.")
      here.world:advance(100e3)
    end)

    it("what has run out before its time", function()
      here.resolver.cache:expire(here.world:now(), { name = "n1.example." })
      move()
      assert.is_nil(ttl_of("n1.example."))
      assert.is_true(here.resolver:list()[1].stale)
    end)

    it("what had run out when it was loaded", function()
      move(150)
      assert.equal(50, ttl_of("n1.example."))
      move(60)
      assert.is_nil(ttl_of("n1.example."))
    end)

    it("what was heard in a network that was left", function()
      here.resolver.cache:mark(here.world:now(), {}, { withheld = true })
      move()
      assert.is_nil(ttl_of("n1.example."))
      here.resolver.cache:mark(here.world:now(), {}, { withheld = false })
      assert.equal(200, ttl_of("n1.example."))
    end)

    it("nothing, when a younger answer was there", function()
      here.resolver.cache:mark(here.world:now(), {}, { withheld = true })
      local old = dump()
      here = open("1h")
      here.world:advance(50e3)
      here:ask("n1.example.")
      here.resolver:load(old)
      assert.equal(300, ttl_of("n1.example."))
    end)
  end)

  it("lost a denial that bears no TTL of its own", function()
    here = open()
    local packet = core.answer.deny("n1.example.", "A", "nxdomain", 60):sub(1, 28)
    packet = packet:sub(1, 8) .. "\0\0" .. packet:sub(11) -- without its SOA
    local strategy = here.resolver:strategy_hash("source")
    local note = { strategy = strategy, min_ttl = 60 }
    assert(here.resolver.cache:put(packet, here.world:now(), note))
    here.world:advance(20e3)
    local entries = dump()
    here = open()
    here.world:advance(20e3)
    here.resolver:load(entries)
    assert.same(entries, dump())
  end)

  it("leaves out what cannot be brought back, and says why", function()
    fill(1)
    local function left_out(change)
      local entry = dump()[1]
      for field, value in pairs(change) do
        entry[field] = value
      end
      local taken, count, why = here.resolver:load { entry }
      assert.same({ 0, 1 }, { taken, count })
      return why
    end
    assert.equal("no strategy 'other'", left_out { strategy = "other" })
    assert.equal("no interface 'eth9'", left_out { interface = "eth9" })
    assert.equal("age: expected seconds", left_out { age = -1 })
    assert.equal("age: expected seconds", left_out { age = 1 / 0 })
    assert.equal("age: expected seconds", left_out { age = 2e9 }) -- once an error
    assert.equal("purpose: expected a number of 32 bits", left_out { purpose = 2 ^ 40 })
    assert.equal("answer: expected a packet in base64", left_out { answer = "?" })
    assert.equal("answer: expected a packet in base64", left_out { answer = 7 })
    assert.equal("answer: no answer to a question", left_out { answer = base64.encode("short") })
    assert.same({ 0, 1, "expected an object" }, { here.resolver:load { "text" } })
  end)
end)
