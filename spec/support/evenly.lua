--- Chance over many draws: is it spread evenly between two bounds?

local DRAWS = 400
-- A quarter of the draws in each quarter of the range, give or take a third of that: beyond four
-- times the standard deviation.
local LEAST, MOST = DRAWS * 0.17, DRAWS * 0.33

--- Asserts that each quarter between `low` and `high` gets its share of 400 draws, and that none
--- lies outside.
---@param low number
---@param high number
---@param draw fun(i: integer): number
return function(low, high, draw)
  local quarters = { 0, 0, 0, 0 }
  for i = 1, DRAWS do
    local value = draw(i)
    assert(value >= low and value <= high, ("%g is not in %g to %g"):format(value, low, high))
    local quarter = math.min(4, math.floor((value - low) / (high - low) * 4) + 1)
    quarters[quarter] = quarters[quarter] + 1
  end
  for _, count in ipairs(quarters) do
    assert(count >= LEAST and count <= MOST, table.concat(quarters, " "))
  end
end
