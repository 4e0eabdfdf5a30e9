local core = require("mlxresolve.core")

local answer = core.answer

local A, AAAA = 1, 28

local cache

local function put(name, type, options)
  options = options or {}
  local data = { type == "A" and "192.0.2.1" or "2001:db8::1" }
  local stored = assert(answer.build(name, type, data, options.ttl or 60))
  assert(cache:put(stored, options.now or 0, options))
end

--- What is left, as a sorted list of "name type".
local function left(now)
  local names = {}
  for i, entry in ipairs(cache:list(now or 0)) do
    names[i] = entry.name .. " " .. entry.type
  end
  table.sort(names)
  return names
end

before_each(function()
  cache = assert(core.cache.new { size = 8 * 1024 * 1024, stale = 100 })
  put("mini1.local.", "A", { strategy = 11, interface = 2 })
  put("mini1.local.", "AAAA", { strategy = 11, interface = 3 })
  put("mini2.local.", "A", { strategy = 22, interface = 2, now = 20000 })
  put("www.example.", "A", { strategy = 33, purpose = 9 })
end)

describe("flushing", function()
  it("drops everything without a filter", function()
    assert.equal(4, cache:flush(0))
    assert.same({}, left())
    assert.is_nil((cache:get("mini1.local.", A, 0)))
  end)

  it("drops everything with an empty filter", function()
    assert.equal(4, cache:flush(0, {}))
    assert.same({}, left())
  end)

  it("drops all types of one name", function()
    assert.equal(2, cache:flush(0, { name = "MINI1.local" }))
    assert.same({ "mini2.local. A", "www.example. A" }, left())
    assert.equal(0, cache:flush(0, { name = "mini1.local" }))
  end)

  it("drops all purposes of one name", function()
    assert.equal(1, cache:flush(0, { name = "www.example." }))
    assert.is_nil((cache:get("www.example.", A, 0, 9)))
  end)

  it("drops one purpose of a name, or what has none", function()
    put("www.example.", "A")
    put("www.example.", "A", { purpose = 7 })
    assert.equal(1, cache:flush(0, { name = "www.example.", purpose = 9 }))
    assert.is_nil((cache:get("www.example.", A, 0, 9)))
    assert.equal(1, cache:flush(0, { name = "www.example.", purpose = 0 }))
    assert.is_nil((cache:get("www.example.", A, 0)))
    assert.is_string((cache:get("www.example.", A, 0, 7)))
    assert.has_error(function()
      cache:flush(0, { purpose = "web" })
    end)
  end)

  it("drops a name and all below", function()
    put("notlocal.", "A")
    put("local.", "A")
    assert.equal(4, cache:flush(0, { suffix = "local" }))
    assert.same({ "notlocal. A", "www.example. A" }, left())
    assert.equal(2, cache:flush(0, { suffix = "." }))
  end)

  it("drops what was learnt over an interface", function()
    assert.equal(2, cache:flush(0, { interface = 2 }))
    assert.same({ "mini1.local. AAAA", "www.example. A" }, left())
  end)

  it("drops what a strategy said, or all but some strategies", function()
    assert.equal(2, cache:flush(0, { strategy = 11 }))
    assert.equal(1, cache:flush(0, { strategies_but = { 33, 44 } }))
    assert.same({ "www.example. A" }, left())
    assert.equal(1, cache:flush(0, { strategies_but = {} }))
  end)

  it("drops what is older than that", function()
    assert.equal(0, cache:flush(29999, { older_than = 30 }))
    assert.equal(3, cache:flush(30000, { older_than = 30 }))
    assert.same({ "mini2.local. A" }, left(30000))
  end)

  it("drops only what all conditions mean", function()
    assert.equal(1, cache:flush(0, { suffix = "local", type = "A", interface = 2, strategy = 22 }))
    assert.same({ "mini1.local. A", "mini1.local. AAAA", "www.example. A" }, left())
  end)

  it("drops stale answers too", function()
    assert.equal(2, cache:flush(90000, { name = "mini1.local." }))
    assert.is_nil((cache:get("mini1.local.", AAAA, 90000, 0, true)))
  end)

  it("does not count what was over anyway", function()
    assert.equal(0, cache:flush(1000000, { suffix = "." }))
    assert.equal(0, cache:stats().entries)
  end)

  it("raises for a name or a type that cannot be read", function()
    for _, filter in ipairs { { name = "a..b" }, { suffix = 5 }, { type = "NOPE!" } } do
      assert.has_error(function()
        cache:flush(0, filter)
      end)
    end
    assert.equal(4, #left())
  end)
end)

describe("listing", function()
  it("tells all about an entry", function()
    local list = cache:list(30000, { name = "mini2.local." })
    assert.is_true(math.abs(list[1].idle - 10) <= 4, list[1].idle)
    list[1].idle = nil
    assert.same({
      {
        name = "mini2.local.",
        type = "A",
        status = "answer",
        ttl = 50,
        age = 10,
        strategy = 22,
        interface = 2,
        purpose = 0,
        stale = false,
        suspect = false,
        withheld = false,
      },
    }, list)
  end)

  it("shows denials and stale answers as such", function()
    cache:put(answer.deny("no.example.", "A", "nxdomain", 90), 0)
    local entry = cache:list(70000, { suffix = "example.", type = "A" })
    table.sort(entry, function(a, b)
      return a.name < b.name
    end)
    assert.same({ "nxdomain", 20, false }, { entry[1].status, entry[1].ttl, entry[1].stale })
    assert.same({ "answer", 0, true }, { entry[2].status, entry[2].ttl, entry[2].stale })
  end)

  it("shows and marks one purpose", function()
    put("www.example.", "A")
    assert.equal(2, #cache:list(0, { suffix = "example." }))
    local filter = { suffix = "example.", purpose = 9 }
    assert.equal(9, cache:list(0, filter)[1].purpose)
    assert.equal(1, cache:mark(0, filter, { suspect = true }))
    assert.is_true(cache:list(0, filter)[1].suspect)
    assert.is_false(cache:list(0, { suffix = "example.", purpose = 0 })[1].suspect)
  end)

  it("leaves out what is over", function()
    assert.same({ "mini2.local. A" }, left(170000))
  end)

  it("shows as many as it is asked for", function()
    assert.equal(3, #cache:list(0, nil, 3))
    assert.equal(4, #cache:list(0, nil, 5))
    for i = 1, 3000 do
      put(("n%d.example."):format(i), "A")
    end
    assert.equal(1000, #cache:list(0))
    local all, seen = cache:list(0, nil, 5000), {}
    for _, entry in ipairs(all) do
      seen[entry.name .. entry.type] = true
    end
    assert.equal(3004, #all)
    assert.is_true(seen["n1.example.A"] and seen["n3000.example.A"])
    assert.has_error(function()
      cache:list(0, nil, 0)
    end)
  end)
end)
