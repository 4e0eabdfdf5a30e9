--- Finds and loads plugins: built in, in the folder `plugins` beside the policy, or the
--- user's own. Text only, in the sandbox, each file once per load of a policy.
local builders = require("mlxresolve.policy.builders")
local globals = require("mlxresolve.policy.globals")
local option_schema = require("mlxresolve.option_schema")
local options = require("mlxresolve.options")
local sandbox = require("mlxresolve.sandbox")
local suggest = require("mlxresolve.suggest")
local version = require("mlxresolve.version")

local plugins = {}

-- The longest plugin that anybody should write is far below.
local size_limit = 256 * 1024

---@class mlxresolve.PluginKind
---@field method string   the function that makes a plugin one of this kind
---@field noun string
---@field section string? where in a policy it stands

---@type mlxresolve.PluginKind[]
plugins.kinds = {
  { method = "resolve", noun = "a strategy", section = "strategies" },
  { method = "retry", noun = "a retry policy", section = "retries" },
  { method = "rank", noun = "a ranker", section = "rankers" },
  { method = "network_changed", noun = "a reaction", section = "reactions" },
  { method = "answered", noun = "an observer", section = "observers" },
  { method = "probe", noun = "a health check" },
  { method = "identify", noun = "an identity check" },
  { method = "open", noun = "a service", section = "observers" },
}

--- The kinds that a plugin is of, by the functions that it defines.
---@param plugin table
---@return mlxresolve.PluginKind[]
function plugins.kinds_of(plugin)
  local found = {}
  for _, kind in ipairs(plugins.kinds) do
    if type(plugin[kind.method]) == "function" then
      found[#found + 1] = kind
    end
  end
  return found
end

-- In the source tree lua/ and plugins/ stand side by side; installed, plugins/ is beside this file.
local function built_in_folder()
  local here = debug.getinfo(1, "S").source:match("^@(.*)plugins%.lua$") or ""
  return (here:match("^(.*)%f[%w]lua/mlxresolve/$") or here) .. "plugins"
end

local function user_folder(world)
  local data, home = world:env("XDG_DATA_HOME"), world:env("HOME")
  if data and data:sub(1, 1) == "/" then
    return data .. "/mlxresolve/plugins"
  end
  return home and home .. "/.local/share/mlxresolve/plugins"
end

--- The folders in which a policy's plugins are searched.
---@param world mlxresolve.World
---@param policy_path string|nil
---@param folders string[]|nil  instead of the built-in and the user's
---@return string[]
function plugins.folders(world, policy_path, folders)
  local list = {}
  for _, folder in ipairs(folders or { built_in_folder(), user_folder(world) }) do
    list[#list + 1] = folder
  end
  local beside = policy_path and (policy_path:match("^(.*/)") or "") .. "plugins"
  for _, folder in ipairs(list) do
    if folder == beside then
      return list
    end
  end
  list[#list + 1] = beside
  return list
end

---@class mlxresolve.Plugins
---@field files string[]   that were read
local Plugins = {}
local mt = { __name = "mlxresolve.plugins", __index = Plugins }

--- A loader for one load of a policy.
---@param world mlxresolve.World
---@param folders string[]
---@return mlxresolve.Plugins
function plugins.new(world, folders)
  local api = builders.plugin_api { world = world }
  return setmetatable({ world = world, folders = folders, api = api, loaded = {}, files = {} }, mt)
end

--- Names of all plugins that can be had, sorted.
---@return string[]
function Plugins:names()
  local names, seen = {}, {}
  for _, folder in ipairs(self.folders) do
    for _, file in ipairs(self.world:list_folder(folder) or {}) do
      local name = file:match("^([%a_][%w_]*)%.lua$")
      if name and not seen[name] then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  table.sort(names)
  return names
end

--- Is there a plugin of this name?
---@param name string
---@return boolean
function Plugins:has(name)
  for _, one in ipairs(self:names()) do
    if one == name then
      return true
    end
  end
  return false
end

-- The same text in two places is one plugin seen through two paths.
function Plugins:locate(name)
  local path, text
  for _, folder in ipairs(self.folders) do
    local candidate = ("%s/%s.lua"):format(folder, name)
    local found = self.world:read_file(candidate)
    if found and text and found ~= text then
      return nil, ("plugin '%s' is in two places: %s and %s"):format(name, path, candidate)
    elseif found and not text then
      path, text = candidate, found
    end
  end
  if not path then
    local hint = suggest.hint(name, self:names())
    local where = hint == "" and "; searched in " .. table.concat(self.folders, ", ") or hint
    return nil, ("no plugin named '%s'%s"):format(name, where)
  end
  return path, text
end

local function check_globals(path, fn)
  local known = { print = true }
  for _, name in ipairs(sandbox.names()) do
    known[name] = true
  end
  for _, use in ipairs(globals.of(fn)) do
    if use.is_write then
      return nil, ("%s:%d: assignment to global '%s'"):format(path, use.line, use.name)
    elseif not known[use.name] then
      local text = "%s:%d: undefined variable '%s' (plugins have no access to it)"
      return nil, text:format(path, use.line, use.name)
    end
  end
  return true
end

--- Is this table a plugin? Inline ones are checked by it, too.
---@param plugin any
---@return true|nil, string? message
function plugins.check(plugin)
  if type(plugin) ~= "table" then
    return nil, "must return its table, got " .. type(plugin)
  elseif #plugins.kinds_of(plugin) == 0 then
    local methods = {}
    for i, kind in ipairs(plugins.kinds) do
      methods[i] = kind.method
    end
    local hint = ""
    for field, value in pairs(plugin) do
      if hint == "" and type(value) == "function" then
        hint = suggest.hint(field, methods)
      end
    end
    return nil, ("defines none of %s%s"):format(table.concat(methods, ", "), hint)
  elseif plugin.api ~= nil and not version.is_compatible(plugin.api) then
    local text = "is written for plugin API %s; this is %s"
    return nil, text:format(tostring(plugin.api), version.api)
  end
  local fields = plugin.options or {}
  if type(fields) == "table" and fields.name then
    return nil, "has an option 'name', which every plugin has: call it otherwise"
  end
  return option_schema.check(fields)
end

local ZONES = { zones = { "list", of = "zone" }, except = { "list", of = "zone" } }

-- Zones of a plugin's own, as the options of a policy are: in any spelling.
local function read_zones(plugin)
  local own = { zones = plugin.zones, except = plugin.except }
  local checked, mistakes = options.check(ZONES, own)
  if mistakes[1] then
    return nil, "has a mistake: " .. mistakes[1].text
  end
  plugin.zones, plugin.except = checked.zones, checked.except
  return true
end

function Plugins:environment(path)
  local world = self.world
  return sandbox.new {
    modules = { mlxresolve = self.api },
    globals = {
      print = function(text)
        world:log("info", path .. ": " .. tostring(text))
      end,
    },
  }
end

function Plugins:read(path, text)
  if #text > size_limit then
    return nil, ("%s: longer than %d bytes"):format(path, size_limit)
  end
  local fn, message = sandbox.load(text, "@" .. path, self:environment(path))
  if not fn then
    return nil, message:find(path, 1, true) and message or path .. ": " .. message
  end
  local is_good
  is_good, message = check_globals(path, fn)
  if not is_good then
    return nil, message
  end
  local problem
  local ran, plugin = sandbox.run(fn, function(raised)
    problem = tostring(raised)
  end)
  if not ran then
    return nil, problem:find(path, 1, true) == 1 and problem or ("%s: %s"):format(path, problem)
  end
  is_good, message = plugins.check(plugin)
  if is_good then
    is_good, message = read_zones(plugin)
  end
  if not is_good then
    return nil, ("%s: the plugin %s"):format(path, message)
  end
  return plugin
end

--- Loads a plugin by its name.
---@param name string
---@return { plugin: table, path: string, text: string }|nil, string? message
function Plugins:load(name)
  local known = self.loaded[name]
  if known then
    return known.plugin and known or nil, known.message
  end
  local entry = {}
  self.loaded[name] = entry
  if not name:match("^[%a_][%w_]*$") then
    entry.message = ("'%s' cannot be the name of a plugin"):format(name)
    return nil, entry.message
  end
  local path, text = self:locate(name)
  if not path then
    entry.message = text
    return nil, text
  end
  table.insert(self.files, path)
  entry.path, entry.text = path, text
  entry.plugin, entry.message = self:read(path, text)
  return entry.plugin and entry or nil, entry.message
end

return plugins
