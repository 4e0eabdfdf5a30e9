local bed = require("support.bed")
local mlx = require("mlxresolve")

describe("mlxresolve.rank", function()
  local function many(query)
    return query:answer({ a = { "192.0.2.1", "192.0.2.2", "192.0.2.3" }, txt = '"x"' }, 60)
  end

  local function open(...)
    local rankers = {}
    for i, fn in ipairs { ... } do
      rankers[i] = mlx.use { name = "ranker" .. i, rank = fn }
    end
    return bed.open({ bed.strategy("many", many) }, { rankers = rankers })
  end

  local function texts(b, type_name)
    local list = {}
    for i, address in ipairs(b:ask("a.example", type_name).addresses) do
      list[i] = address.address
    end
    return list
  end

  local function reverse(_, addresses)
    local list = {}
    for i = #addresses, 1, -1 do
      list[#list + 1] = addresses[i]
    end
    return list
  end

  it("lets each ranker reorder what the one before left", function()
    local b = open(reverse, function(_, addresses)
      return { addresses[2], addresses[1] }
    end)
    assert.same({ "192.0.2.2", "192.0.2.3" }, texts(b))
  end)

  it("keeps the ranked order in the cache", function()
    local b = open(reverse)
    texts(b)
    assert.same({ "192.0.2.3", "192.0.2.2", "192.0.2.1" }, texts(b))
    assert.is_true(b:ask("a.example").cached)
  end)

  it("leaves them when a ranker says nothing, fails or returns rubbish", function()
    local b = open(function() end, function()
      error("boom")
    end, function()
      return "rubbish"
    end)
    assert.same({ "192.0.2.1", "192.0.2.2", "192.0.2.3" }, texts(b))
  end)

  it("counts rubbish of a ranker as its error", function()
    local b = open(function()
      return 5
    end)
    b:ask("a.example")
    local seen = b.resolver:status().rankers[1]
    assert.equal(1, seen.errors)
    assert.matches("expected a list of the addresses or nothing, got a number", seen.last_error)
  end)

  it("gives NODATA when all are dropped, and ignores invented ones", function()
    local b = open(function()
      return { { address = "203.0.113.66", position = 9 } }
    end)
    local result = b:ask("a.example")
    assert.equal("nodata", result.status)
  end)

  it("ended the question when a ranker named a position that there cannot be", function()
    for _, position in ipairs { 0, -1, 1.5, 0 / 0 } do
      local b = open(function(_, addresses)
        addresses[1].position = position
        return addresses
      end)
      assert.same({ "192.0.2.2", "192.0.2.3" }, texts(b))
    end
  end)

  it("does not rank other types", function()
    local called = false
    local b = open(function(_, addresses)
      called = true
      return addresses
    end)
    b:ask("a.example", "TXT")
    assert.is_false(called)
  end)
end)
