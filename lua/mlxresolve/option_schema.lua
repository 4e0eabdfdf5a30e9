--- Schemas of options looked at as data: are they well-formed, and what do they say to a
--- reader (help, reference, completion)?
local option_types = require("mlxresolve.option_types")
local options = require("mlxresolve.options")
local suggest = require("mlxresolve.suggest")

local option_schema = {}

local check_spec -- forward: specifications nest

local function names_of(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function check_each(list, what)
  if type(list) ~= "table" or #list == 0 then
    return nil, ("%s: `of` must list specifications"):format(what)
  end
  for _, spec in ipairs(list) do
    local is_good, message = check_spec(spec, what)
    if not is_good then
      return nil, message
    end
  end
  return true
end

local containers = {
  list = function(spec, what)
    return check_spec(spec.of, what)
  end,
  map = function(spec, what)
    return check_spec(spec.of, what)
  end,
  choice = function(spec, what)
    return check_each(spec.of, what)
  end,
  record = function(spec)
    return option_schema.check(spec.fields)
  end,
  enum = function(spec, what)
    if type(spec.values) ~= "table" or #spec.values == 0 then
      return nil, ("%s: an enum needs `values`"):format(what)
    end
    return true
  end,
  plugin = function(spec, what)
    if type(spec.kind) ~= "string" then
      return nil, ("%s: a plugin needs `kind`, the function that it defines"):format(what)
    end
    return true
  end,
}

check_spec = function(spec, what)
  local kind = type(spec) == "table" and spec[1] or spec
  if type(kind) ~= "string" then
    local text = '%s: expected a type, as "integer" or { "integer", default = 9 }, got %s'
    return nil, text:format(what, options.show(spec))
  end
  if not (containers[kind] or option_types.scalars[kind]) then
    local known = names_of(option_types.scalars)
    for name in pairs(containers) do
      known[#known + 1] = name
    end
    local shown = options.show(kind)
    return nil, ("%s: unknown option type %s%s"):format(what, shown, suggest.hint(kind, known))
  end
  if containers[kind] then
    return containers[kind](type(spec) == "table" and spec or {}, what)
  end
  return true
end

--- Is this a schema, and does each default fit its own specification?
---@param schema any
---@return true|nil, string? message
function option_schema.check(schema)
  if type(schema) ~= "table" then
    return nil, "has `options` that are no table"
  end
  local optional = {}
  for _, name in ipairs(names_of(schema)) do
    local is_good, message = check_spec(schema[name], ("option '%s'"):format(tostring(name)))
    if not is_good then
      return nil, message
    end
    optional[name] = schema[name]
    if type(schema[name]) == "table" and schema[name].required then
      optional[name] = nil
    end
  end
  local _, mistakes = options.check(optional, {})
  if mistakes[1] then
    return nil, "default of option " .. mistakes[1].text
  end
  return true
end

local function type_text(spec)
  if type(spec) == "string" then
    return spec
  elseif spec[1] == "list" or spec[1] == "map" then
    return ("%s of %s"):format(spec[1], type_text(spec.of))
  elseif spec[1] == "enum" then
    return "one of " .. table.concat(spec.values, ", ")
  elseif spec[1] == "choice" then
    local list = {}
    for i, one in ipairs(spec.of) do
      list[i] = type_text(one)
    end
    return table.concat(list, " or ")
  elseif spec[1] == "plugin" then
    return ("plugin with %s"):format(spec.kind)
  end
  return spec[1]
end

local function default_text(value)
  if type(value) == "table" then
    local list = {}
    for i, one in ipairs(value) do
      list[i] = default_text(one)
    end
    return #list > 0 and "{ " .. table.concat(list, ", ") .. " }" or "{}"
  elseif type(value) == "string" then
    return ("%q"):format(value)
  end
  return tostring(value)
end

---@class mlxresolve.OptionText
---@field name string
---@field type string
---@field default string|nil
---@field required boolean
---@field doc string

--- What a reader wants to know of each option, sorted by name.
---@param schema table
---@return mlxresolve.OptionText[]
function option_schema.describe(schema)
  local list = {}
  for i, name in ipairs(names_of(schema)) do
    local spec = schema[name]
    local fields = type(spec) == "table" and spec or {}
    list[i] = {
      name = name,
      type = type_text(spec),
      default = fields.default ~= nil and default_text(fields.default) or nil,
      required = fields.required == true,
      doc = fields.doc or "",
    }
  end
  return list
end

return option_schema
