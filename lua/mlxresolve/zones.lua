--- A set of zones, made to tell fast that a name is in none of them: that is what is asked most, of
--- every name and every strategy.

local is_under = require("mlxresolve.query").is_under

local zones = {}

--- Zones are kept by the last letter of their last label; most names end with another one.
---@param list string[]  canonical
---@return table set  `list` are the zones
function zones.new(list)
  local set = { list = list, is_all = false, by_letter = {} }
  for _, zone in ipairs(list) do
    if zone == "." then
      set.is_all = true
    else
      local letter = zone:byte(-2)
      local same = set.by_letter[letter] or {}
      set.by_letter[letter] = same
      same[#same + 1] = zone
    end
  end
  return set
end

--- Is the name one of the zones, or below one?
---@param set table
---@param name string  canonical
---@return boolean
function zones.hold(set, name)
  if set.is_all then
    return true
  end
  local same = set.by_letter[name:byte(-2) or 0]
  if not same then
    return false
  end
  for i = 1, #same do
    if is_under(name, same[i]) then
      return true
    end
  end
  return false
end

return zones
