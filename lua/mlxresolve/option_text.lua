--- The words of messages about options: how a value looks, and what was wanted.
local option_types = require("mlxresolve.option_types")

local WITH_DEFAULT_PORT = "an IP address such as '192.0.2.53', or with a port, '192.0.2.53:5353'"

local option_text = {}

--- How a value looks in a message.
---@param value any
---@return string
function option_text.show(value)
  local kind = type(value)
  if kind == "string" then
    return ("'%s'"):format(#value > 40 and value:sub(1, 37) .. "..." or value)
  elseif kind == "table" then
    if getmetatable(value) ~= nil then
      local ok, text = pcall(tostring, value)
      return ok and text or "an object"
    end
    return value[1] ~= nil and "a list" or next(value) == nil and "an empty table" or "a table"
  elseif kind == "number" or kind == "boolean" or kind == "nil" then
    return tostring(value)
  end
  return "a " .. kind
end

local function normal(spec)
  return type(spec) == "string" and { spec } or spec
end

local function quoted(values)
  local list = {}
  for i, value in ipairs(values) do
    list[i] = option_text.show(value)
  end
  return list
end

local function any_of(list)
  return #list < 2 and (list[1] or "nothing")
    or table.concat(list, ", ", 1, #list - 1) .. " or " .. list[#list]
end

--- What a specification wants, as it completes "must be …".
---@param spec table|string
---@return string
function option_text.expected(spec)
  spec = normal(spec)
  local kind = spec[1]
  if spec.expected then
    return spec.expected
  elseif kind == "enum" then
    return any_of(quoted(spec.values))
  elseif kind == "list" then
    local one = option_text.expected(spec.of)
    local example = one:match("such as ('[^']*')") or one:match("such as (use%b())")
    return "a list" .. (example and (" such as { %s }"):format(example) or " { … }")
  elseif kind == "map" or kind == "record" then
    return "a table { name = … }"
  elseif kind == "plugin" then
    return 'a plugin such as use("…")'
  elseif kind == "choice" then
    local list = {}
    for i, one in ipairs(spec.of) do
      list[i] = option_text.expected(one)
    end
    return any_of(list)
  end
  if kind == "endpoint" and spec.port then
    return WITH_DEFAULT_PORT
  end
  return option_types.scalars[kind].expected
end

return option_text
