local core = require("mlxresolve.core")
local bed = require("support.bed")

local base64 = require("mlxresolve.base64")

describe("a dump", function()
  local here

  local function open()
    local one = bed.open {
      bed.strategy("source", function(query)
        if query.name == "none.example." then
          return query:nxdomain(60)
        end
        return query:answer("192.0.2.1", 300)
      end),
    }
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
    assert.equal("purpose: expected a number of 32 bits", left_out { purpose = 2 ^ 40 })
    assert.equal("answer: expected a packet in base64", left_out { answer = "?" })
    assert.equal("answer: expected a packet in base64", left_out { answer = 7 })
    assert.equal("answer: no answer to a question", left_out { answer = base64.encode("short") })
    assert.same({ 0, 1, "expected an object" }, { here.resolver:load { "text" } })
  end)
end)
