local compiled = require("support.compiled")
local ffi = require("ffi")

ffi.cdef([[
typedef struct { uint64_t at; uint32_t id; } spec_deadline_t;
typedef struct { spec_deadline_t *heap; uint32_t *where; uint32_t count; } spec_deadlines_t;
int mlxr_deadlines_init(spec_deadlines_t *, uint32_t cap);
void mlxr_deadlines_deinit(spec_deadlines_t *);
void mlxr_deadlines_put(spec_deadlines_t *, uint32_t id, uint64_t at);
void mlxr_deadlines_clear(spec_deadlines_t *, uint32_t id);
const spec_deadline_t *mlxr_deadlines_get(const spec_deadlines_t *);
]])

local CAP = 200

describe("deadlines", function()
  local library = compiled { "core/deadlines.c" }
  local deadlines

  before_each(function()
    deadlines = ffi.new("spec_deadlines_t")
    assert.equal(0, library.mlxr_deadlines_init(deadlines, CAP))
  end)
  after_each(function()
    library.mlxr_deadlines_deinit(deadlines)
  end)

  local function put(id, at)
    library.mlxr_deadlines_put(deadlines, id, at)
  end

  local function earliest()
    local due = library.mlxr_deadlines_get(deadlines)
    if due ~= nil then
      return tonumber(due.at), due.id
    end
  end

  it("has none at first", function()
    assert.is_nil(earliest())
    library.mlxr_deadlines_clear(deadlines, 7)
    assert.is_nil(earliest())
  end)

  it("tells the earliest", function()
    put(1, 300)
    put(2, 100)
    put(3, 200)
    assert.same({ 100, 2 }, { earliest() })
    library.mlxr_deadlines_clear(deadlines, 2)
    assert.same({ 200, 3 }, { earliest() })
  end)

  it("moves one that is set again, either way", function()
    put(1, 300)
    put(2, 200)
    put(1, 100)
    assert.same({ 100, 1 }, { earliest() })
    put(1, 400)
    assert.same({ 200, 2 }, { earliest() })
    assert.equal(2, deadlines.count)
  end)

  it("agrees with a plain search through thousands of changes", function()
    math.randomseed(7)
    local model = {}
    for _ = 1, 20000 do
      local id = math.random(0, CAP - 1)
      if math.random(3) == 1 then
        model[id] = nil
        library.mlxr_deadlines_clear(deadlines, id)
      else
        model[id] = math.random(1000)
        put(id, model[id])
      end
      local least, count = nil, 0
      for _, at in pairs(model) do
        least = math.min(at, least or at)
        count = count + 1
      end
      local at, first = earliest()
      assert.equal(least, at)
      assert.equal(at, first and model[first])
      assert.equal(count, deadlines.count)
    end
  end)
end)
