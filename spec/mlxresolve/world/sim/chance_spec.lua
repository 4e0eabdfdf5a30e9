local chance = require("mlxresolve.world.sim.chance")

local function first(seed, name)
  local stream, list = chance.new(seed, name), {}
  for i = 1, 5 do
    list[i] = stream:draw(1000)
  end
  return table.concat(list, " ")
end

describe("mlxresolve.world.sim.chance", function()
  it("gives the same numbers for the same seed and name, others for others", function()
    assert.equal(first(1, "network"), first(1, "network"))
    assert.are_not.equal(first(1, "network"), first(2, "network"))
    assert.are_not.equal(first(1, "network"), first(1, "machine"))
  end)

  it("draws evenly from its range", function()
    local stream, counts = chance.new(7, "x"), { 0, 0, 0, 0 }
    for _ = 1, 4000 do
      local n = stream:draw(4)
      counts[n] = counts[n] + 1
      local fraction = stream:draw()
      assert.is_true(fraction >= 0 and fraction < 1)
    end
    for _, count in ipairs(counts) do
      assert.is_true(count > 900 and count < 1100, count)
    end
  end)

  it("draws nothing for what cannot happen", function()
    local one, other = chance.new(3, "x"), chance.new(3, "x")
    assert.is_false(one:happens(0))
    assert.equal(other:draw(), one:draw())
    assert.is_true(one:happens(1))
  end)
end)
