--- The words of a policy: `mlx.use`, `mlx.race`, `mlx.policy`, `mlx.include` and a few
--- helpers. They only write down what was said and where; the check comes afterwards, over
--- everything at once.
local core = require("mlxresolve.core")
local suggest = require("mlxresolve.suggest")
local version = require("mlxresolve.version")

local builders = {}

---@class mlxresolve.Draft   what a builder returns
---@field kind "use"|"race"|"policy"
---@field plugin any                    of use: a name or an inline plugin
---@field fields any                    options of use; all that race and policy were given
---@field site mlxresolve.Site|false    the call, when the source is known
---@field place mlxresolve.Place|table

local draft_mt = {
  __name = "mlxresolve.draft",
  __metatable = false,
  __tostring = function(draft)
    if draft.kind == "use" then
      local name = type(draft.plugin) == "table" and draft.plugin.name or draft.plugin
      return ('use("%s")'):format(tostring(name))
    end
    return ("mlx.%s { … }"):format(draft.kind)
  end,
}

local drafts = setmetatable({}, { __mode = "k" })

--- Did a builder make this value?
---@param value any
---@param kind string?
---@return boolean
function builders.is_draft(value, kind)
  local is_draft = drafts[value] ~= nil
  return is_draft and (kind == nil or value.kind == kind)
end

-- Outside of a marked source: the nearest caller that is not of this library.
local function caller_place()
  for level = 3, 12 do
    local info = debug.getinfo(level, "Sl")
    if not info then
      break
    elseif info.currentline > 0 and not info.source:find("lua/mlxresolve/policy/", 1, true) then
      return { file = info.short_src, line = info.currentline }
    end
  end
  return { file = "policy" }
end

local function draft(recorder, site, kind, plugin, fields)
  if recorder.is_closed then
    error(("mlx.%s works only while the policy is loaded"):format(kind), 4)
  end
  local place = site and site.place or recorder:caller_place() or caller_place()
  local made = { kind = kind, plugin = plugin, fields = fields, site = site, place = place }
  setmetatable(made, draft_mt)
  drafts[made] = true
  if recorder.drafts then
    table.insert(recorder.drafts, made)
  end
  return made
end

--- The functions that make drafts, each with the call's site in front of its arguments.
---@param recorder mlxresolve.Recorder
---@return table<string, fun(site: mlxresolve.Site|nil, ...): any>
function builders.makers(recorder)
  return {
    use = function(site, plugin, fields)
      return draft(recorder, site, "use", plugin, fields)
    end,
    race = function(site, fields)
      return draft(recorder, site, "race", false, fields)
    end,
    policy = function(site, fields)
      return draft(recorder, site, "policy", false, fields)
    end,
    include = function(site, path)
      return recorder:include(path, site)
    end,
  }
end

local function need_string(value, what)
  if type(value) ~= "string" then
    error(("%s must be a string, got %s"):format(what, type(value)), 3)
  end
end

--- A part of the core that has neither state nor input and output.
local function lend(part)
  local function refuse()
    error("the parts of mlxresolve cannot be changed", 2)
  end
  return setmetatable({}, { __index = core[part], __metatable = false, __newindex = refuse })
end

local function helpers(recorder)
  return {
    version = version.library,
    api = version.api,
    name = lend("name"),
    address = lend("address"),
    env = function(name, default)
      need_string(name, "mlx.env: the variable's name")
      local value = recorder.world:env(name)
      return value == nil and default or value
    end,
    hostname = function()
      return recorder.world:hostname()
    end,
  }
end

--- What `require "mlxresolve"` gives to plugins: the helpers without the builders.
---@param recorder { world: mlxresolve.World }
---@return table
function builders.plugin_api(recorder)
  return setmetatable({}, {
    __index = helpers(recorder),
    __metatable = false,
    __newindex = function(_, name)
      error(("mlxresolve.%s cannot be set"):format(tostring(name)), 2)
    end,
  })
end

--- All that can be said, as a plain table for a program that builds a policy itself.
---@param recorder mlxresolve.Recorder
---@return table fields, table<function, function> makers  by the function in `fields`
function builders.fields(recorder)
  local fields, makers = helpers(recorder), {}
  for name, make in pairs(builders.makers(recorder)) do
    fields[name] = function(...)
      return make(nil, ...)
    end
    makers[fields[name]] = make
  end
  return fields, makers
end

--- What `require "mlxresolve"` gives to a policy. An unknown field is a mistake, noted where
--- it is read; `recorder:undefined_field` gives its value.
---@param recorder mlxresolve.Recorder
---@return table api, table<function, function> makers
function builders.policy_api(recorder)
  local fields, makers = builders.fields(recorder)
  local names = {}
  for name in pairs(fields) do
    names[#names + 1] = name
  end
  local api = setmetatable({}, {
    __metatable = false,
    __newindex = function(_, name)
      error(("mlxresolve.%s cannot be set"):format(tostring(name)), 2)
    end,
    __index = function(_, name)
      local value = fields[name]
      if value == nil then
        local text = ("mlxresolve has no '%s'%s"):format(tostring(name), suggest.hint(name, names))
        return recorder:undefined_field(name, text)
      end
      return value
    end,
  })
  return api, makers
end

return builders
