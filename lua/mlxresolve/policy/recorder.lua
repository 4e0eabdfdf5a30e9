--- Runs a policy's source and writes down what it said and where, mistakes included. One
--- recorder serves one load: the policy's file and all that it includes.
local builders = require("mlxresolve.policy.builders")
local globals = require("mlxresolve.policy.globals")
local places = require("mlxresolve.policy.places")
local poison = require("mlxresolve.policy.poison")
local repair = require("mlxresolve.policy.repair")
local report = require("mlxresolve.policy.report")
local sandbox = require("mlxresolve.sandbox")
local suggest = require("mlxresolve.suggest")
local unit = require("mlxresolve.policy.unit")

local recorder = {}

---@class mlxresolve.Recorder
---@field world mlxresolve.World
---@field units table<string, mlxresolve.Unit>    by path
---@field files string[]                          in order of reading
---@field drafts mlxresolve.Draft[]
---@field mistakes mlxresolve.Mistake[]
---@field site_of table<table, mlxresolve.Site>
local Recorder = {}
local mt = { __name = "mlxresolve.recorder", __index = Recorder }

---@param world mlxresolve.World
---@return mlxresolve.Recorder
function recorder.new(world)
  return setmetatable({
    world = world,
    units = {},
    files = {},
    drafts = {},
    mistakes = {},
    site_of = setmetatable({}, { __mode = "k" }),
    is_closed = false,
    met_poison = false,
  }, mt)
end

--- Ends the recording: functions of the policy live on, but say nothing more.
function Recorder:close()
  self.is_closed = true
end

--- Notes a mistake at a place.
function Recorder:mistake(place, text, ...)
  if select("#", ...) > 0 then
    text = text:format(...)
  end
  table.insert(self.mistakes, report.mistake(place, text))
end

-- The innermost running function of a policy's file, for what is noted while it runs.
function Recorder:running(from_level)
  for level = from_level, from_level + 30 do
    local info = debug.getinfo(level, "Sl")
    if not info then
      return nil
    end
    local source = self.units[info.source:match("^@(.*)$")]
    if source and info.currentline > 0 then
      return source, info.currentline, info.short_src
    end
  end
end

--- Where the policy stands now, as a line; nothing outside of its source.
---@return mlxresolve.Place|nil
function Recorder:caller_place()
  local source, line = self:running(3)
  return source and unit.line(source, line)
end

function Recorder:undefined_field(name, text)
  local source, line = self:running(3)
  if source then
    self:mistake(unit.near(source, line, tostring(name), "field"), "%s", text)
  end
  self.met_poison = true
  return poison.value
end

local function local_names(source)
  local names, is_after_local = sandbox.names(), false
  for _, token in ipairs(source.tokens) do
    if token.kind == "name" and is_after_local then
      names[#names + 1] = token.text
    elseif not (is_after_local and token.text == ",") then
      is_after_local = token.text == "local" or token.text == "function" or token.text == "for"
    end
  end
  return names
end

local OUTSIDE = " debug dofile io loadfile os package " -- what programs have, and policies have not

local function hint_for(source, name)
  if name == "mlx" then
    return ' (begin with: local mlx = require "mlxresolve")'
  elseif OUTSIDE:find(" " .. name .. " ", 1, true) then
    return " (files, clock and programs reach plugins through ctx only)"
  end
  return suggest.hint(name, local_names(source))
end

--- Undefined globals and assignments to globals in a compiled file, run or not.
---@param source mlxresolve.Unit
---@param fn function
function Recorder:check_globals(source, fn)
  local known = {}
  for _, name in ipairs(sandbox.names()) do
    known[name] = true
  end
  known.print, known[repair.unknown] = true, true
  for _, use in ipairs(globals.of(fn)) do
    if use.is_write then
      local place = unit.near(source, use.line, use.name, "write")
      self:mistake(place, "assignment to global '%s': write local %s = …", use.name, use.name)
      known[use.name] = true
    elseif not known[use.name] then
      local place = unit.near(source, use.line, use.name, "read")
      self:mistake(place, "undefined variable '%s'%s", use.name, hint_for(source, use.name))
    end
  end
end

-- The marked text of a source and its sites; of one with syntax errors, of what can be saved.
function Recorder:compile(source)
  if source.text:byte(1) == 27 then
    self:mistake(unit.line(source, 1), "this is bytecode; a policy must be Lua source")
    return nil
  end
  local errors, text = repair.mend(source)
  for _, one in ipairs(errors) do
    self:mistake(one.place, "%s", one.text)
  end
  if not text then
    return nil
  end
  local mended = #errors == 0 and source or unit.new(source.path, text, source)
  self.units[source.path] = mended
  self:check_globals(mended, assert(sandbox.load(text, "@" .. source.path, {})))
  return places.mark(mended)
end

function Recorder:environment(source, sites)
  local api, makers = builders.policy_api(self)
  local function table_mark(number, value)
    self.site_of[value] = sites[number]
    return value
  end
  local function call_mark(number, fn)
    local site, make = sites[number], makers[fn]
    if make then
      return function(...)
        return make(site, ...)
      end
    elseif type(fn) ~= "function" and not poison.is(fn) then
      local kind = fn == nil and "nil" or "a " .. type(fn)
      local text = ("attempt to call '%s', which is %s"):format(site.callee, kind)
      self.raised = { text = text, place = site.place }
      error(text, 2)
    end
    return fn
  end
  local function undefined(name)
    if self.is_closed then
      error(("undefined variable '%s'"):format(tostring(name)), 3)
    end
    self.met_poison = true
    return poison.value
  end
  return sandbox.new {
    modules = self:modules(api),
    undefined = undefined,
    globals = {
      [places.table_mark] = table_mark,
      [places.call_mark] = call_mark,
      print = function(...)
        self:print(source, ...)
      end,
    },
  }
end

-- Any other module is a mistake that does not hide the next.
function Recorder:modules(api)
  return setmetatable({ mlxresolve = api }, {
    __index = function(_, name)
      local text = "module '%s' is not for policies: require \"mlxresolve\""
      return not self.is_closed and self:undefined_field(name, text:format(tostring(name))) or nil
    end,
  })
end

function Recorder:print(source, ...)
  local parts = {}
  for i = 1, select("#", ...) do
    parts[i] = tostring((select(i, ...)))
  end
  self.world:log("info", source.path .. ": " .. table.concat(parts, "\t"))
end

local function without_position(message, short_src, line)
  local prefix = ("%s:%d: "):format(short_src, line)
  return message:sub(1, #prefix) == prefix and message:sub(#prefix + 1) or message
end

-- What follows from an undefined value is no mistake of its own.
function Recorder:runtime_mistake(source, message)
  local at, line, short_src = self:running(4)
  message = type(message) == "string" and message or "error: " .. tostring(message)
  local text = at and without_position(message, short_src, line) or message
  local place = at and unit.line(at, line) or unit.line(source, 1)
  if self.raised and self.raised.text == text then
    place = self.raised.place
  end
  if not self.met_poison then
    self:mistake(place, text)
  end
end

function Recorder:run(source)
  local text, sites = self:compile(source)
  if not text then
    return poison.value
  end
  local env = self:environment(source, sites)
  -- Marks may exceed a limit of the compiler, say of nesting; then places are less exact.
  local fn = sandbox.load(text, "@" .. source.path, env)
    or assert(sandbox.load(self.units[source.path].text, "@" .. source.path, env))
  local is_told = false
  local ok, value = sandbox.run(fn, function(message)
    self:runtime_mistake(source, message)
    is_told = true
  end)
  if not ok then
    -- Where the stack is full, the handler above cannot run either.
    if not is_told then
      self:mistake(unit.line(source, 1), "stack overflow: does a function call itself for ever?")
    end
    return poison.value
  end
  return value
end

--- Reads and runs a file. Nothing, when it cannot be read; the undefined value, when it has
--- mistakes that keep it from returning one.
---@param path string
---@return any value, mlxresolve.Unit|nil source, string? message
function Recorder:file(path)
  local text, message = self.world:read_file(path)
  if not text then
    -- who asks names the file
    local has_path = message and message:sub(1, #path + 2) == path .. ": "
    return nil, nil, has_path and message:sub(#path + 3) or message or "no such file"
  end
  return self:text(path, text)
end

--- As `file`, for text that was read already.
function Recorder:text(path, text)
  local source = unit.new(path, text)
  self.units[path] = source
  table.insert(self.files, path)
  local value = self:run(source)
  return value, source
end

--- `mlx.include`: the value of another file, its path seen from the including file.
function Recorder:include(path, site)
  if self.is_closed then
    error("mlx.include works only while the policy is loaded", 4)
  end
  local place = site and site.keys[1] and site.keys[1].value or self:caller_place()
  local from = place and place.unit.path:match("^(.*/)") or ""
  if type(path) ~= "string" then
    self:mistake(place, "mlx.include needs the path of a file")
    return poison.value
  end
  path = path:sub(1, 1) == "/" and path or from .. path
  if self.units[path] then
    self:mistake(place, "'%s' is included twice, or includes itself", path)
    return poison.value
  end
  local value, source, message = self:file(path)
  if not source then
    self:mistake(place, "cannot read '%s': %s", path, message)
    return poison.value
  end
  return value
end

return recorder
