--- The part of `ctx` that asks: a server, the system, the rest of the policy.

local answer = require("mlxresolve.answer")
local confirm = require("mlxresolve.confirm")
local core = require("mlxresolve.core")
local testimony = require("mlxresolve.testimony")
local query = require("mlxresolve.query")
local recheck = require("mlxresolve.recheck")
local responders = require("mlxresolve.native.responders")
local subquery = require("mlxresolve.subquery")

local EXCHANGE_TIMEOUT = 2000 -- ms, where neither option nor deadline says less
local NATIVE_TIMEOUT = 5000
local FLAG_TCP, FLAG_NO_RECURSION, FLAG_COOKIE = 1, 4, 8

---@class mlxresolve.Context
local questions = {}

local function check_name(word, name)
  local canonical, message = nil, "expected a text"
  if type(name) == "string" then
    canonical, message = core.name.canonical(name)
  end
  if not canonical then
    error(("ctx:%s: %q is no name: %s"):format(word, tostring(name), message), 3)
  end
  return canonical
end

local function cancel_exchange(world, operation)
  world:cancel("exchange", operation)
end

-- A time as `ctx:sleep` takes it: ms, or a text such as "800ms"; an hour at most.
local function read_timeout(self, timeout)
  local ms = self.runtime.to_ms(timeout)
  if not ms or ms > 3600e3 then
    local text = 'ctx:exchange: timeout: expected a duration such as "800ms", got %s'
    error(text:format(tostring(timeout)), 3)
  end
  return ms
end

function questions:exchange(server, asked, options)
  if type(asked) ~= "table" or not asked.number then
    error(
      'ctx:exchange: expected a query, as of ctx:query("mini2.local", "A"), behind the server',
      2
    )
  end
  local scheduler, world = self.scheduler, self.world
  local timeout, flags = EXCHANGE_TIMEOUT, 0
  if options then
    timeout = options.timeout and read_timeout(self, options.timeout) or timeout
    flags = (options.tcp and FLAG_TCP or 0)
      + (options.recurse == false and FLAG_NO_RECURSION or 0)
      + (options.cookies and FLAG_COOKIE or 0)
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
function questions.query(_, name, type_name)
  local canonical = check_name("query", name)
  local number = query.type_numbers[type_name]
  if not number then
    error(('ctx:query: expected a type such as "A", got %s'):format(tostring(type_name)), 2)
  end
  return query.new(canonical, number)
end

local function cancel_native(world, operation)
  world:cancel("native", operation)
end

function questions:native(name, family)
  if family and family ~= 0 and family ~= 4 and family ~= 6 then
    error("ctx:native: expected 4, 6 or 0 for both families, got " .. tostring(family), 2)
  end
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
function questions:dns_sd(name, family)
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
function questions:system_mdns(which, name, family, path)
  return responders.ask(self, which, name, family, path)
end

--- The servers of the system's configuration, without our own listeners: "192.0.2.53:53", ….
---@return string[]
function questions:system_servers()
  return self.runtime:system_servers()
end

function questions:resolve(name, type_name)
  local canonical = check_name("resolve", name)
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

--- Looks into a doubt about a name: see mlxresolve.recheck.
function questions:recheck(name, options)
  local canonical = check_name("recheck", name)
  return recheck.run(self.runtime, canonical, options)
end

--- Asks a host at its own addresses whether it still says them: see mlxresolve.confirm.
function questions:confirm(name, addresses, options)
  return confirm.run(self, name, addresses, options)
end

--- Has the hosts of a pinned name prove who they are, in the background, unless they did lately.
function questions:prove(name, addresses)
  self.runtime.identity:look(name, addresses)
end

--- What the result of a check is worth: see mlxresolve.testimony.
function questions.weigh(_, ok, message, code)
  return testimony.weigh(ok, message, code)
end

--- Has the policy asked for a name's addresses, without waiting for them.
function questions:refresh(name)
  for _, type_name in ipairs { "A", "AAAA" } do
    self.runtime.flights:refresh(name, query.type_numbers[type_name])
  end
end

function questions:next(asked)
  local task = self.scheduler.running
  if not task.flight then
    error("ctx:next: only a strategy that was asked has a rest of the chain", 2)
  end
  return task.flight.chain:rest(asked or task.flight.query, task.position)
end

return questions
