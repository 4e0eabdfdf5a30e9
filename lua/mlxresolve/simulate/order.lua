--- Tables in an order that is the same in every process, for as long as something is simulated: a
--- seed that fails here has to fail everywhere. What LuaJIT makes of `pairs` hangs on a secret of
--- each process, and the order of two packets on that.

local order = {}

local raw_pairs = pairs

local function is_before(a, b)
  local kind_a, kind_b = type(a), type(b)
  if kind_a ~= kind_b then
    return kind_a < kind_b
  end
  return a < b
end

local RANKED = { number = true, string = true }

local function step(state)
  local keys, i = state.keys, state.i
  local key, value
  repeat
    i = i + 1
    key = keys[i]
    if key == nil then
      return nil
    end
    value = state.values[key]
  until value ~= nil
  state.i = i
  return key, value
end

--- As `pairs`, numbers and strings in their order; keys of other kinds come last, as they come.
local function ordered_pairs(values)
  local keys, others = {}, nil
  for key in raw_pairs(values) do
    if RANKED[type(key)] then
      keys[#keys + 1] = key
    else
      others = others or {}
      others[#others + 1] = key
    end
  end
  table.sort(keys, is_before)
  for i = 1, others and #others or 0 do
    keys[#keys + 1] = others[i]
  end
  return step, { keys = keys, values = values, i = 0 }, nil
end

-- LuaJIT 2.1.0-beta3 compiles loops over `pairs` for its own iterator, and compiled code that meets
-- another one goes wrong now and then; what is not compiled it looks at again.
jit.off(step)
jit.off(ordered_pairs)

--- Calls `fn` while `pairs` has an order; its results, or its error.
---@param fn function
---@param ... any
---@return any
function order.keep(fn, ...)
  local before = _G.pairs
  _G.pairs = ordered_pairs -- luacheck: ignore 122
  local ok, a, b = pcall(fn, ...)
  _G.pairs = before -- luacheck: ignore 122
  if not ok then
    error(a, 0)
  end
  return a, b
end

return order
