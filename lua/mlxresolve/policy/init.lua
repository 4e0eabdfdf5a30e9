--- Policies: reads one, checks it, and tells all mistakes at once.
---
---   local checked, mistakes = policy.load("policy.lua", { world = world })
---   if not checked then io.stderr:write(tostring(mistakes), "\n") end
local builders = require("mlxresolve.policy.builders")
local check = require("mlxresolve.policy.check")
local plugins = require("mlxresolve.plugins")
local poison = require("mlxresolve.policy.poison")
local recorder = require("mlxresolve.policy.recorder")
local report = require("mlxresolve.policy.report")
local unit = require("mlxresolve.policy.unit")

local policy = {}

---@class mlxresolve.Policy
---@field file string|false
---@field files string[]        all that were read; a change of one is a reason to reload
---@field listen string[]       addresses with ports
---@field allow string[]        networks
---@field front table          options of core.front
---@field control string|false  path or "auto"
---@field http string|false     address with port
---@field deadline number       ms
---@field cache { size: integer, min_ttl: integer, max_ttl: integer, max_negative_ttl: integer,
--- stale: integer, persist: string|false }
---@field strategies mlxresolve.Node[]
---@field retries mlxresolve.Node[]
---@field rankers mlxresolve.Node[]
---@field reactions mlxresolve.Node[]
---@field observers mlxresolve.Node[]
---@field peers { name: string, port: integer }[]

---@class mlxresolve.PolicyOptions
---@field world mlxresolve.World
---@field plugin_dirs string[]?  searched in place of the built-in and the user's folder

local function last_return(source)
  for i = #source.tokens, 1, -1 do
    if source.tokens[i].text == "return" then
      return unit.place(source, source.tokens[i])
    end
  end
  return unit.line(source, source.tokens[#source.tokens].line)
end

local function finish(record, checked, path, loader)
  record:close()
  if #record.mistakes > 0 then
    return nil, report.sort(record.mistakes)
  end
  checked.file = path or false
  checked.files = {}
  table.sort(loader.files)
  for _, list in ipairs { record.files, loader.files } do
    for _, file in ipairs(list) do
      table.insert(checked.files, file)
    end
  end
  return checked
end

-- A policy that a program has built itself.
local function load_value(value, spec)
  local record = recorder.new(spec.world)
  local loader = plugins.new(spec.world, plugins.folders(spec.world, nil, spec.plugin_dirs))
  local is_draft = builders.is_draft(value, "policy")
  local place = is_draft and value.place or { file = "policy" }
  local fields = is_draft and value.fields or value
  if type(fields) ~= "table" or getmetatable(fields) ~= nil then
    record:mistake(place, "a policy must be mlx.policy { … } or a table of its fields")
    return nil, report.sort(record.mistakes)
  end
  return finish(record, check.new(record, loader):policy(fields, place), nil, loader)
end

local function load_file(path, spec)
  local record = recorder.new(spec.world)
  local loader = plugins.new(spec.world, plugins.folders(spec.world, path, spec.plugin_dirs))
  local value, source, message = record:file(path)
  if not source then
    record:mistake({ file = path }, "cannot read the policy: %s", message)
    return nil, report.sort(record.mistakes)
  end
  local checker = check.new(record, loader)
  if builders.is_draft(value, "policy") and type(value.fields) == "table" then
    return finish(record, checker:policy(value.fields, value.place), path, loader)
  end
  checker:rest()
  if not poison.is(value) then
    record:mistake(last_return(source), "the policy must end with: return mlx.policy { … }")
  end
  return finish(record, nil, path, loader)
end

--- Loads and checks a policy: a file's path, or what a program has built with `mlx.policy`.
---@param what string|table
---@param spec mlxresolve.PolicyOptions
---@return mlxresolve.Policy|nil, mlxresolve.Mistake[]? mistakes  tostring() gives the report
function policy.load(what, spec)
  if type(what) == "string" then
    return load_file(what, spec)
  end
  return load_value(what, spec)
end

--- The mistakes of a policy's file; an empty list when there are none.
---@param path string
---@param spec mlxresolve.PolicyOptions
---@return mlxresolve.Mistake[]
function policy.check(path, spec)
  local _, mistakes = policy.load(path, spec)
  return mistakes or {}
end

return policy
