--- The value of what is not defined: it can be indexed, called and computed with, so that
--- one mistake does not hide those after it. Checks pass over it silently.
local poison = {}

local value = {}

local function self()
  return value
end

local mt = { __name = "mlxresolve.poison", __metatable = false, __newindex = function() end }
for event in ("index call concat unm add sub mul div mod pow len"):gmatch("%a+") do
  mt["__" .. event] = self
end
function mt.__tostring()
  return "an undefined value"
end
for event in ("lt le"):gmatch("%a+") do
  mt["__" .. event] = function()
    return false
  end
end

poison.value = setmetatable(value, mt)

---@param any any
---@return boolean
function poison.is(any)
  return rawequal(any, value)
end

return poison
