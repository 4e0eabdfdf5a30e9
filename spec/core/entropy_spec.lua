local compiled = require("support.compiled")
local ffi = require("ffi")

ffi.cdef([[
typedef struct { uint8_t bytes[256]; uint32_t left; } spec_entropy_t;
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

  it("reads the system's generator once for what was reserved", function()
    assert.equal(0, library.mlxr_entropy_reserve(entropy, 48))
    assert.equal(256, entropy.left)
    for _ = 1, 48 do
      draw(65536)
    end
    assert.equal(256 - 48 * 4, entropy.left)
  end)

  it("forgets what it handed out", function()
    library.mlxr_entropy_reserve(entropy, 1)
    draw(65536)
    for i = 252, 255 do
      assert.equal(0, entropy.bytes[i])
    end
  end)
end)
