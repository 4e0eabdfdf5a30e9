--- `ctx`: the world as a plugin reaches it. One object per instance; who asks is found through
--- the running task. What a call opens is closed when the call ends; what `open` opens, when the
--- plugin is closed.

local group = require("mlxresolve.group")
local machine = require("mlxresolve.context.machine")
local questions = require("mlxresolve.context.questions")
local sockets = require("mlxresolve.sockets")
local sweep = require("mlxresolve.sweep")

local LEVELS = { error = true, warn = true, info = true, debug = true }

local context = {}
local methods = {}
local mt = { __name = "mlxresolve.context" }

for _, part in ipairs { questions, machine } do
  for name, fn in pairs(part) do
    methods[name] = fn
  end
end

--- The one mDNS engine is made when the first plugin asks for it.
function mt.__index(self, key)
  local method = methods[key]
  if method then
    return method
  end
  if key == "mdns" then
    return self.runtime:mdns()
  end
end

---@param runtime table
---@param instance mlxresolve.Instance
---@return mlxresolve.Context
function context.new(runtime, instance)
  return setmetatable({
    runtime = runtime,
    scheduler = runtime.scheduler,
    world = runtime.world,
    instance = instance,
    cache = runtime.plugin_cache,
    health = runtime.health,
  }, mt)
end

-- A plugin that works for years opens and closes for years.
local function forget_closed(owned)
  local kept = 0
  for i = 1, #owned do
    local resource = owned[i]
    owned[i] = nil
    if not (resource.is_closed or resource.is_over and resource:is_over()) then
      kept = kept + 1
      owned[kept] = resource
    end
  end
  owned.check_at = math.max(32, 2 * kept)
end

--- Registers something with `close` with whoever owns the present call.
local function own(self, resource)
  local task = self.scheduler.running
  if task and task.opening then
    local owned = task.opening.owned
    if #owned >= (owned.check_at or 32) then
      forget_closed(owned)
    end
    owned[#owned + 1] = resource
    return resource
  end
  return self.scheduler:own(resource)
end

---------------------------------------------------------------- time and chance

function methods:now()
  return self.world:now()
end

function methods:random(n)
  return self.world:random(n)
end

function methods:sleep(duration)
  local ms = self.runtime.to_ms(duration)
  if not ms then
    local text = 'ctx:sleep: expected a duration such as "100ms", got %s'
    error(text:format(tostring(duration)), 2)
  end
  self.scheduler:sleep(ms)
end

---------------------------------------------------------------- side by side

local function check_functions(word, functions)
  if type(functions) ~= "table" then
    error(("ctx:%s: expected a list of functions, got a %s"):format(word, type(functions)), 3)
  end
  for i, fn in ipairs(functions) do
    if type(fn) ~= "function" then
      local text = "ctx:%s: expected a list of functions, got a %s at place %d"
      error(text:format(word, type(fn), i), 3)
    end
  end
end

function methods:race(functions, options)
  check_functions("race", functions)
  local after = options and options.after and self.runtime.to_ms(options.after)
  return group.race(self.scheduler, functions, after)
end

function methods:all(functions)
  check_functions("all", functions)
  return group.all(self.scheduler, functions)
end

function methods:spawn(fn, ...)
  if type(fn) ~= "function" then
    error("ctx:spawn: expected a function, got a " .. type(fn), 2)
  end
  local scheduler = self.scheduler
  local task = scheduler.running
  local child = scheduler:spawn(fn, ...)
  child.instance = self.instance
  if task then
    child.flight, child.position, child.opening = task.flight, task.position, task.opening
    child.parent = task
  end
  return own(self, scheduler:handle(child))
end

---------------------------------------------------------------- sockets and streams

function methods:udp(options)
  if type(options) ~= "table" or type(options.bind) ~= "string" then
    error('ctx:udp: expected options such as { bind = "0.0.0.0:0" }', 2)
  end
  local socket, message, code = sockets.udp(self.scheduler, self.world, options)
  if not socket then
    return nil, message, code
  end
  return own(self, socket)
end

function methods:connect(target)
  if type(target) ~= "string" then
    local text = 'ctx:connect: expected "192.0.2.1:22", "[::1]:22" or "/run/socket", got a %s'
    error(text:format(type(target)), 2)
  end
  local stream, message, code = sockets.connect(self.scheduler, self.world, target)
  if not stream then
    return nil, message, code
  end
  return own(self, stream)
end

--- Begins to follow the names in use: see mlxresolve.in_use.
function methods:follow_use(zones)
  return own(self, self.runtime.in_use:follow(zones))
end

--- Looks for a host on the attached links: see mlxresolve.sweep.
function methods:sweep(options, check)
  return sweep.run(self.runtime, options, check)
end

---------------------------------------------------------------- telling

--- A line in the trace of the query.
function methods:note(text)
  local task = self.scheduler.running
  while task and not task.trying do
    task = task.parent
  end
  if task then
    task.note = task.note and (task.note .. ", " .. tostring(text)) or tostring(text)
  end
end

function methods:log(level, text)
  if not LEVELS[level] then
    local form = 'ctx:log: expected "error", "warn", "info" or "debug" and a text, got %s'
    error(form:format(tostring(level)), 2)
  end
  self.world:log(level, ("%s: %s"):format(self.instance.label, text))
end

return context
