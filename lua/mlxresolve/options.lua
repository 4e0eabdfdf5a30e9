--- Options as data: a schema tells which options there are, of which type, with which
--- default; it feeds the check of policies, the help and the reference.
---
---   options = {
---     servers = { "list", of = "endpoint", required = true, doc = "whom to ask" },
---     attempts = { "integer", default = 3, min = 1 },
---     answer = { "enum", values = { "nxdomain", "nodata" } },
---   }
---
--- Scalar types: see option_types.lua. Others: `enum` (values), `list` (of, min, max), `map`
--- (of: a table by names; keys: their type), `record` (fields: a schema), `choice` (of: a list of
--- specifications, the first that fits), `plugin` (kind: the function that it must define).
local option_text = require("mlxresolve.option_text")
local option_types = require("mlxresolve.option_types")
local suggest = require("mlxresolve.suggest")

local options = {}

local scalars = option_types.scalars
local check_value -- forward: lists hold values

---@class mlxresolve.OptionMistake
---@field container table       the table that holds it
---@field key any               its key there
---@field about "key"|"value"   which of the two is wrong
---@field text string

---@class mlxresolve.OptionHooks
---@field is_unknown fun(value: any): boolean   a value that an earlier mistake left unknown
---@field node fun(value: any, kind: string, container: table, key: any): any   a nested `use`

options.show, options.expected = option_text.show, option_text.expected

local function normal(spec)
  return type(spec) == "string" and { spec } or spec
end

local Check = {}
Check.__index = Check

function Check:mistake(at, about, text, ...)
  local list = self.mistakes
  list[#list + 1] =
    { container = at.container, key = at.key, about = about, text = text:format(...) }
end

function Check:wrong(spec, value, at)
  local scalar = scalars[spec[1]]
  local hint = scalar and scalar.hint and scalar.hint(value) or ""
  if spec[1] == "enum" then
    hint = suggest.hint(value, spec.values)
  end
  local text = "%s must be %s, got %s%s"
  self:mistake(at, "value", text, at.label, options.expected(spec), options.show(value), hint)
end

-- A plain table; the nodes of a policy are tables with a metatable.
local function is_plain(value)
  return type(value) == "table" and getmetatable(value) == nil
end

-- The key that does not belong into a list, or its greatest index.
local function measure(value)
  local top = 0
  for key in pairs(value) do
    if type(key) ~= "number" or key < 1 or key % 1 ~= 0 or key > 1e5 then
      return key, 0
    end
    top = math.max(top, key)
  end
  return nil, top
end

-- `condition and use("…")` leaves false or a hole: both mean "not there".
local function is_absent(spec, value)
  return value == nil or (value == false and normal(spec.of)[1] == "plugin")
end

local function check_list(check, spec, value, at)
  if not is_plain(value) then
    return check:wrong(spec, value, at)
  end
  local stranger, top = measure(value)
  if stranger ~= nil then
    local inside = { container = value, key = stranger }
    return check:mistake(inside, "key", "%s must be a list, without names in it", at.label)
  end
  local list, item_label = {}, "each of " .. at.label
  for i = 1, top do
    if not is_absent(spec, value[i]) then
      local inside = { container = value, key = i, label = item_label }
      list[#list + 1] = check_value(check, spec.of, value[i], inside)
    end
  end
  if top < (spec.min or 0) then
    return check:mistake(at, "value", "%s must not be empty", at.label)
  elseif #list > (spec.max or math.huge) then
    local text = "%s must have at most %d entries, got %d"
    return check:mistake(at, "value", text, at.label, spec.max, #list)
  end
  return list
end

local function check_map(check, spec, value, at)
  if not is_plain(value) then
    return check:wrong(spec, value, at)
  end
  local map = {}
  for key, item in pairs(value) do
    local inside = { container = value, key = key, label = ("'%s'"):format(tostring(key)) }
    local meant = key
    if spec.keys and type(key) == "string" then
      meant = scalars[spec.keys].read(key, spec)
    end
    if type(key) ~= "string" then
      check:mistake(inside, "key", "%s must be a table by names: write name = …", at.label)
    elseif meant == nil then
      local text = "each name of %s must be %s, got %s"
      local expected = scalars[spec.keys].expected
      check:mistake(inside, "key", text, at.label, expected, options.show(key))
    elseif map[meant] ~= nil then
      check:mistake(inside, "key", "%s has '%s' twice", at.label, meant)
    else
      map[meant] = check_value(check, spec.of, item, inside)
    end
  end
  return map
end

local function check_choice(check, spec, value, at)
  local near
  for _, one in ipairs(spec.of) do
    local trial = setmetatable({ mistakes = {}, hooks = check.hooks }, Check)
    local checked = check_value(trial, one, value, at)
    if #trial.mistakes == 0 then
      return checked
    elseif
      type(value) == "table" and (one[1] == "list" or one[1] == "map" or one[1] == "record")
    then
      near = trial.mistakes
    end
  end
  for _, mistake in ipairs(near or {}) do
    table.insert(check.mistakes, mistake)
  end
  if not near then
    check:wrong(spec, value, at)
  end
end

local containers = {
  list = check_list,
  map = check_map,
  choice = check_choice,
  record = function(check, spec, value, at)
    if not is_plain(value) then
      return check:wrong(spec, value, at)
    end
    return check:fields(spec.fields, value)
  end,
  enum = function(check, spec, value, at)
    for _, one in ipairs(spec.values) do
      if one == value then
        return value
      end
    end
    check:wrong(spec, value, at)
  end,
  plugin = function(check, spec, value, at)
    local node = check.hooks.node
    if not node then
      error("options: a plugin option needs a policy around it", 0)
    end
    return node(value, spec.kind, at.container, at.key)
  end,
}

local function check_bounds(check, spec, checked, at)
  local read = scalars[spec[1]].read
  local min, max = spec.min and read(spec.min, spec), spec.max and read(spec.max, spec)
  if min and checked < min then
    check:mistake(at, "value", "%s must be at least %s", at.label, options.show(spec.min))
  elseif max and checked > max then
    check:mistake(at, "value", "%s must be at most %s", at.label, options.show(spec.max))
  end
end

check_value = function(check, spec, value, at)
  spec = normal(spec)
  if check.hooks.is_unknown and check.hooks.is_unknown(value) then
    return nil
  end
  local container = containers[spec[1]]
  if container then
    return container(check, spec, value, at)
  end
  local checked = scalars[spec[1]].read(value, spec)
  if checked == nil then
    return check:wrong(spec, value, at)
  end
  if type(checked) == "number" then
    check_bounds(check, spec, checked, at)
  end
  return checked
end

local function names_of(schema)
  local names = {}
  for name in pairs(schema) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

function Check:fields(schema, values)
  local checked, is_known = {}, true
  local names = names_of(schema)
  for key, value in pairs(values) do
    if self.hooks.is_unknown and self.hooks.is_unknown(value) then
      is_known = is_known and schema[key] ~= nil
    elseif not schema[key] then
      local at = { container = values, key = key }
      if type(key) == "string" then
        self:mistake(at, "key", "unknown option '%s'%s", key, suggest.hint(key, names))
      else
        self:mistake(at, "value", "expected name = value, got %s", options.show(value))
      end
    end
  end
  for _, name in ipairs(names) do
    local spec, value = normal(schema[name]), values[name]
    local at = { container = values, key = name, label = ("'%s'"):format(name) }
    if value == nil then
      value = spec.default
    end
    if value == false and spec.default == false then
      checked[name] = false
    elseif value ~= nil then
      checked[name] = check_value(self, spec, value, at)
    elseif spec.required and is_known then
      self:mistake(at, "key", "%s is missing: %s", at.label, options.expected(spec))
    end
  end
  return checked
end

--- Checks a table of options; absent ones take their default. All mistakes at once.
---@param schema table<string, table|string>
---@param values table
---@param hooks mlxresolve.OptionHooks?
---@return table checked, mlxresolve.OptionMistake[] mistakes
function options.check(schema, values, hooks)
  local check = setmetatable({ mistakes = {}, hooks = hooks or {} }, Check)
  return check:fields(schema, values), check.mistakes
end

return options
