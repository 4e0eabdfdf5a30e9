local core = require("mlxresolve.core")

local answer = core.answer

local function new(size)
  return assert(core.cache.new { size = size or 1024 * 1024 })
end

local function put(cache, name, type, purpose)
  local stored = assert(answer.build(name, ("TYPE%d"):format(type), { "\\# 2 abcd" }, 60))
  assert(cache:put(stored, 0, { purpose = purpose }))
  return stored
end

describe("the cache's index", function()
  it("finds every type of a name that has thousands", function()
    local cache, stored = new(), {}
    for type = 1000, 5000 do
      stored[type] = put(cache, "a.example.", type)
    end
    for type = 1000, 5000 do
      assert.equal(stored[type], (cache:get("a.example.", type, 0)))
    end
    assert.is_nil((cache:get("a.example.", 999, 0)))
  end)

  it("finds every purpose of a name", function()
    local cache, stored = new(), {}
    for purpose = 0, 500 do
      stored[purpose] = put(cache, "a.example.", 1000, purpose * 8000000)
    end
    for purpose = 0, 500 do
      assert.equal(stored[purpose], (cache:get("a.example.", 1000, 0, purpose * 8000000)))
    end
  end)

  it("finds what is left when its neighbours go", function()
    local cache = new(65536)
    for round = 1, 20 do
      for i = 1, 400 do
        put(cache, ("n%d.example."):format(i), 1000 + round)
      end
      for i = 1, 400 do
        if i % 3 ~= round % 3 then
          cache:flush(0, { name = ("n%d.example."):format(i) })
        end
      end
      local left = cache:list(0, nil, 10000)
      assert.equal(cache:stats().entries, #left)
      for _, entry in ipairs(left) do
        local type = tonumber(entry.type:match("%d+"))
        assert.is_string((cache:get(entry.name, type, 0)), entry.name)
      end
    end
  end)

  it("holds each name once, however often it is put", function()
    local cache = new(65536)
    for round = 1, 50 do
      for i = 1, 100 do
        local data = {}
        for n = 1, 1 + (round + i) % 3 do
          data[n] = "192.0.2." .. n
        end
        cache:put(answer.build(("n%d.example."):format(i), "A", data, 60), 0)
      end
      assert.is_true(cache:stats().entries <= 100)
    end
    local seen = {}
    for _, entry in ipairs(cache:list(0)) do
      assert.is_nil(seen[entry.name])
      seen[entry.name] = true
    end
  end)
end)
