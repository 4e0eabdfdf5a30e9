--- What one `use` becomes: its plugin found, its options checked.
local fingerprint = require("mlxresolve.policy.fingerprint")
local options = require("mlxresolve.options")
local plugins = require("mlxresolve.plugins")
local poison = require("mlxresolve.policy.poison")
local schema = require("mlxresolve.policy.schema")
local suggest = require("mlxresolve.suggest")

local uses = {}

-- Which options go to a plugin: its own, which may refine the common ones, and those.
local function schema_for(plugin)
  local fields = { name = schema.name }
  if type(plugin.resolve) == "function" then
    for name, spec in pairs(schema.common) do
      fields[name] = spec
    end
  end
  for name, spec in pairs(plugin.options or {}) do
    fields[name] = spec
  end
  return fields
end

local function set_of(list)
  local set = list and {}
  for _, one in ipairs(list or {}) do
    set[one] = true
  end
  return set
end

--- Puts the checked common options where the chain looks for them.
---@param node table
---@param checked table
function uses.take_common(node, checked)
  for name in pairs(schema.common) do
    if name ~= "name" then
      node[name] = checked[name] or false
    end
  end
  node.types = set_of(node.types)
  node.given_name = checked.name
  node.denials = node.denials or "end"
  node.cache = checked.cache == nil and true or checked.cache
end

local function own_options(plugin, checked)
  local own = {}
  for name in pairs(plugin.options or {}) do
    own[name] = checked[name]
  end
  return own
end

local function common_names()
  local names = {}
  for name in pairs(schema.common) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- Other fields of an inline plugin are its own; only a slip of one letter is suspected.
local function check_near_miss(checker, draft, name)
  local near = #name > 4 and suggest.nearest(name, common_names())
  if near and suggest.distance(near, name) == 1 then
    local place = checker:place(draft.plugin, name, "key", draft.place)
    checker:mistake(place, "unknown option '%s' (did you mean '%s'?)", name, near)
  end
end

-- `use { name = …, resolve = … }`: the fields that are common options, and the rest.
local function inline_values(checker, draft)
  local plugin, values = draft.plugin, {}
  local fields_schema = schema_for(plugin)
  for name, value in pairs(plugin) do
    if fields_schema[name] and type(value) ~= "function" then
      values[name] = value
    elseif plugin.resolve and type(name) == "string" and type(value) ~= "function" then
      check_near_miss(checker, draft, name)
    end
  end
  return values
end

local function has_unknown(plugin)
  for _, value in pairs(plugin) do
    if poison.is(value) then
      return true
    end
  end
  return false
end

local function inline(checker, draft)
  local plugin = draft.plugin
  local place = checker:place(plugin, "name", "value", draft.place)
  if getmetatable(plugin) ~= nil then
    return checker:mistake(place, "an inline plugin must be a plain table, without a metatable")
  end
  local is_good, message = plugins.check(plugin)
  if not is_good and has_unknown(plugin) then
    return nil
  elseif not is_good then
    return checker:mistake(draft.place, "the inline plugin %s", message)
  elseif type(plugin.name) ~= "string" then
    return checker:mistake(place, 'an inline plugin needs a name: use { name = "…", … }')
  end
  local values = inline_values(checker, draft)
  -- Places are looked up by table: the values lie in the plugin's own constructor.
  checker.recorder.site_of[values] = checker.recorder.site_of[plugin]
  return plugin.name, plugin, values, fingerprint.policy_text(checker.recorder)
end

local function named(checker, draft)
  local name, values = draft.plugin, draft.fields
  local place = draft.site and draft.site.keys[1] and draft.site.keys[1].value or draft.place
  if poison.is(name) then
    return nil
  elseif type(name) ~= "string" then
    local text = "use needs the name of a plugin or an inline plugin, got %s"
    return checker:mistake(place, text, options.show(name))
  end
  local entry, message = checker.loader:load(name)
  if not entry then
    return checker:mistake(place, "%s", message)
  end
  if values ~= nil and (type(values) ~= "table" or getmetatable(values) ~= nil) then
    local second = draft.site and draft.site.keys[2]
    if not poison.is(values) then
      local text = "%s: options must be a table { name = value }, got %s"
      checker:mistake(second and second.value or draft.place, text, name, options.show(values))
    end
    values = nil
  end
  return name, entry.plugin, values or {}, entry.text
end

--- The node of a `use`, without its place; false when it cannot be made.
---@param checker mlxresolve.Checker
---@param draft mlxresolve.Draft
---@return table|false node
function uses.node(checker, draft)
  local name, plugin, values, source
  if type(draft.plugin) == "table" and not poison.is(draft.plugin) then
    name, plugin, values, source = inline(checker, draft)
  else
    name, plugin, values, source = named(checker, draft)
  end
  if not name then
    return false
  end
  local checked = checker:options(schema_for(plugin), values, name .. ": ", draft.place)
  local node = { kind = "use", plugin_name = name, plugin = plugin }
  uses.take_common(node, checked)
  node.options = own_options(plugin, checked)
  node.given_name = checked.name or (draft.plugin == plugin and name) or nil
  node.name_at = checked.name and checker:place(values, "name", "value", draft.place)
  node.source = source
  return node
end

return uses
