--- "Did you mean …?": the known name that is nearest to a mistyped one.
local suggest = {}

--- Steps (insert, delete, replace, swap of neighbours) from `a` to `b`, case aside.
---@param a string
---@param b string
---@return integer
function suggest.distance(a, b)
  a, b = a:lower(), b:lower()
  local before, last = {}, {}
  for j = 0, #b do
    last[j] = j
  end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (same and 0 or 1))
      local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
      if swapped then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

--- The nearest of `names`, or nil when none is near enough to be meant. Of equally near
--- ones the first in the alphabet.
---@param word string
---@param names string[]
---@return string|nil
function suggest.nearest(word, names)
  local limit = math.max(1, math.min(3, math.floor(#word / 3)))
  local best, best_distance
  for _, name in ipairs(names) do
    if type(name) == "string" and math.abs(#name - #word) <= limit then
      local distance = suggest.distance(word, name)
      local is_better = distance <= limit
        and distance < math.max(#word, #name)
        and (not best or distance < best_distance or (distance == best_distance and name < best))
      if is_better then
        best, best_distance = name, distance
      end
    end
  end
  return best
end

--- " (did you mean 'timeout'?)", or "" when nothing is near.
---@param word any
---@param names string[]
---@return string
function suggest.hint(word, names)
  local near = type(word) == "string" and suggest.nearest(word, names)
  return near and near ~= word and (" (did you mean '%s'?)"):format(near) or ""
end

--- The hint for a word that is none of the names; nil when it is one.
---@param word any
---@param names string[]
---@return string|nil
function suggest.unknown(word, names)
  for _, name in ipairs(names) do
    if name == word then
      return nil
    end
  end
  return suggest.hint(word, names)
end

return suggest
