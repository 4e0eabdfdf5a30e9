local compiled = require("support.compiled")
local ffi = require("ffi")

ffi.cdef([[
typedef struct { uint8_t bytes[1024]; uint32_t left; } spec_entropy_t;
void mlxr_entropy_init(spec_entropy_t *);
int mlxr_entropy_reserve(spec_entropy_t *, uint32_t draws);
uint32_t mlxr_entropy_below(spec_entropy_t *, uint32_t n);
]])

describe("entropy", function()
  local library = compiled { "core/entropy.c" }
  local entropy

  before_each(function()
    entropy = ffi.new("spec_entropy_t")
    library.mlxr_entropy_init(entropy)
  end)

  local function draw(n)
    return library.mlxr_entropy_below(entropy, n)
  end

  it("draws every number below the limit about equally often", function()
    local counts = {}
    for _ = 1, 64000 do
      local drawn = draw(64)
      counts[drawn] = (counts[drawn] or 0) + 1
    end
    for i = 0, 63 do -- 1000 on average; eight standard deviations
      assert.is_true(counts[i] > 750 and counts[i] < 1250, i .. ": " .. counts[i])
    end
    assert.is_nil(counts[64])
  end)

  it("draws other numbers than another stock does", function()
    local other = ffi.new("spec_entropy_t")
    library.mlxr_entropy_init(other)
    local same = 0
    for _ = 1, 1000 do
      same = same + (draw(65536) == library.mlxr_entropy_below(other, 65536) and 1 or 0)
    end
    assert.is_true(same < 10, same)
  end)

  it("reads the system's generator only when less than was reserved is left", function()
    assert.equal(0, library.mlxr_entropy_reserve(entropy, 48))
    assert.equal(1024, entropy.left)
    for _ = 1, 210 do
      draw(65536)
    end
    assert.equal(0, library.mlxr_entropy_reserve(entropy, 46))
    assert.equal(1024 - 210 * 4, entropy.left)
    assert.equal(0, library.mlxr_entropy_reserve(entropy, 47))
    assert.equal(1024 - 210 * 4 + 3 * 256, entropy.left)
  end)

  it("never draws a number twice", function()
    local seen = {}
    for _ = 1, 20000 do -- of 2^32; two would be the same once in 20 runs by chance
      local drawn = draw(4294967295)
      seen[drawn] = (seen[drawn] or 0) + 1
      library.mlxr_entropy_reserve(entropy, 48)
    end
    local twice = 0
    for _, count in pairs(seen) do
      twice = twice + (count > 1 and 1 or 0)
    end
    assert.is_true(twice < 5, twice)
  end)

  it("forgets what it handed out", function()
    library.mlxr_entropy_reserve(entropy, 1)
    draw(65536)
    for i = 1020, 1023 do
      assert.equal(0, entropy.bytes[i])
    end
  end)
end)
