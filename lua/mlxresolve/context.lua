--- `ctx`: the world as a plugin reaches it. One object per instance; who asks is found through
--- the running task. What a call opens is closed when the call ends; what `open` opens, when the
--- plugin is closed.

local answer = require("mlxresolve.answer")
local core = require("mlxresolve.core")
local group = require("mlxresolve.group")
local query = require("mlxresolve.query")
local responders = require("mlxresolve.native.responders")
local sockets = require("mlxresolve.sockets")
local subquery = require("mlxresolve.subquery")
local sweep = require("mlxresolve.sweep")

local EXCHANGE_TIMEOUT = 2000 -- ms, where neither option nor deadline says less
local NATIVE_TIMEOUT = 5000
local RUN_TIMEOUT = 10e3
local FLAG_TCP, FLAG_NO_RECURSION = 1, 4

local context = {}
local methods = {}
local mt = { __name = "mlxresolve.context" }

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
  }, mt)
end

--- Registers something with `close` with whoever owns the present call.
local function own(self, resource)
  local task = self.scheduler.running
  if task and task.opening then
    local owned = task.opening.owned
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

---------------------------------------------------------------- questions

local function cancel_exchange(world, operation)
  world:cancel("exchange", operation)
end

function methods:exchange(server, asked, options)
  local scheduler, world = self.scheduler, self.world
  local timeout, flags = EXCHANGE_TIMEOUT, 0
  if options then
    timeout = options.timeout or timeout
    flags = (options.tcp and FLAG_TCP or 0) + (options.recurse == false and FLAG_NO_RECURSION or 0)
  end
  local task = scheduler.running
  local operation, problem, problem_code =
    world:exchange(task, server, asked.name, asked.number, timeout, flags)
  if not operation then
    return nil, problem, problem_code
  end
  local packet, status, ttl = scheduler:wait(cancel_exchange, world, operation)
  if not packet then
    return nil, status, ttl
  end
  return answer.new(packet, status, ttl, asked.name)
end

--- A question to ask servers, where none has come from a client.
function methods.query(_, name, type_name)
  local canonical, message = core.name.canonical(name)
  local number = query.type_numbers[type_name]
  if not canonical or not number then
    error(message or ('ctx:query: expected a type such as "A", got %s'):format(type_name), 2)
  end
  return query.new(canonical, number)
end

local function cancel_native(world, operation)
  world:cancel("native", operation)
end

function methods:native(name, family)
  local scheduler, world = self.scheduler, self.world
  local task = scheduler.running
  local deadline = task.deadline or scheduler:now() + NATIVE_TIMEOUT
  local operation, message, code = world:native(task, name, family or 0, deadline)
  if not operation then
    return nil, message, code
  end
  local asking = self.runtime.native_names
  asking[name] = (asking[name] or 0) + 1
  local forget = {
    close = function()
      asking[name] = asking[name] > 1 and asking[name] - 1 or nil
    end,
  }
  scheduler:own(forget)
  return scheduler:wait(cancel_native, world, operation)
end

local function cancel_dns_sd(world, operation)
  world:cancel("dns_sd", operation)
end

--- Asks the system's own responder through dns_sd (macOS).
function methods:dns_sd(name, family)
  local scheduler, world = self.scheduler, self.world
  local task = scheduler.running
  local deadline = task.deadline or scheduler:now() + NATIVE_TIMEOUT
  local operation, message, code = world:dns_sd(task, name, family or 0, deadline)
  if not operation then
    return nil, message, code
  end
  return scheduler:wait(cancel_dns_sd, world, operation)
end

--- Asks the mDNS responder that the system runs: see mlxresolve.native.responders.
function methods:system_mdns(which, name, family, path)
  return responders.ask(self, which, name, family, path)
end

--- The servers of the system's configuration, without our own listeners: "192.0.2.53:53", ….
---@return string[]
function methods:system_servers()
  return self.runtime:system_servers()
end

function methods:resolve(name, type_name)
  local canonical, message = core.name.canonical(name)
  if not canonical then
    error(("ctx:resolve: %q is no name: %s"):format(tostring(name), message), 2)
  end
  local flight = self.scheduler.running.flight
  local number = flight and flight.number
  if type_name then
    number = query.type_numbers[type_name]
  end
  if not number then
    error(('ctx:resolve: expected a type such as "A", got %s'):format(tostring(type_name)), 2)
  end
  return subquery.ask(self.runtime, canonical, number, flight)
end

function methods:next(asked)
  local task = self.scheduler.running
  if not task.flight then
    error("ctx:next: only a strategy that was asked has a rest of the chain", 2)
  end
  return task.flight.chain:rest(asked or task.flight.query, task.position)
end

---------------------------------------------------------------- side by side

function methods:race(functions, options)
  local after = options and options.after and self.runtime.to_ms(options.after)
  return group.race(self.scheduler, functions, after)
end

function methods:all(functions)
  return group.all(self.scheduler, functions)
end

function methods:spawn(fn, ...)
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
  local socket, message, code = sockets.udp(self.scheduler, self.world, options)
  if not socket then
    return nil, message, code
  end
  return own(self, socket)
end

function methods:connect(target)
  local stream, message, code = sockets.connect(self.scheduler, self.world, target)
  if not stream then
    return nil, message, code
  end
  return own(self, stream)
end

--- Looks for a host on the attached links: see mlxresolve.sweep.
function methods:sweep(options, check)
  return sweep.run(self.runtime, options, check)
end

---------------------------------------------------------------- the machine

local function cancel_run(world, operation)
  world:cancel("run", operation)
end

local function run(self, argv)
  local operation, message, code = self.world:run(self.scheduler.running, argv)
  if not operation then
    return nil, message, code
  end
  return self.scheduler:wait(cancel_run, self.world, operation)
end

--- Runs a program to its end, without a shell.
function methods:run(argv, options)
  local timeout = options and options.timeout or RUN_TIMEOUT
  local code, stdout, stderr = self.scheduler:within(timeout, run, self, argv)
  if not code and stderr == "ETIMEOUT" then
    return nil, ("%s: did not end within %g ms"):format(argv[1], timeout), "ETIMEOUT"
  end
  return code, stdout, stderr
end

function methods:interfaces()
  return self.world:interfaces()
end

---@return string
function methods:hostname()
  return self.world:hostname()
end

function methods:neighbours()
  return self.world:neighbours()
end

function methods:read_file(path)
  return self.world:read_file(path)
end

function methods:file_stamp(path)
  return self.world:file_stamp(path)
end

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
  self.world:log(level, ("%s: %s"):format(self.instance.label, text))
end

return context
