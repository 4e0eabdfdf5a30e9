--- One step of the chain: a strategy, or a race of several, and what becomes of asking it.
---
--- A strategy says nothing (not mine), gives an answer or a denial, or fails; every try goes into
--- the flight's trace.

local answers = require("mlxresolve.answer")
local query = require("mlxresolve.query")
local race = require("mlxresolve.race")
local TIMEOUT = require("mlxresolve.scheduler").TIMEOUT
local zones = require("mlxresolve.zones")

local hold = zones.hold
local is_under = query.is_under
local is_answer = answers.is_answer

local SHORTEST_PAUSE = 10 -- ms, between two passes

local step = {}
local methods = {}
local mt = { __name = "mlxresolve.step", __index = methods }

---------------------------------------------------------------- making

--- A plugin's own exceptions, which hold unless the policy's zones name them.
local function own_exceptions(node)
  local list = {}
  for _, zone in ipairs(node.plugin and node.plugin.except or {}) do
    local is_named = false
    for _, wanted in ipairs(node.zones or {}) do
      is_named = is_named or is_under(wanted, zone)
    end
    if not is_named then
      list[#list + 1] = zone
    end
  end
  return list
end

local function exceptions(node, own)
  local list = {}
  for _, zone in ipairs(node.except or {}) do
    list[#list + 1] = zone
  end
  for _, zone in ipairs(own) do
    list[#list + 1] = zone
  end
  return #list > 0 and zones.new(list) or false
end

--- A plugin with an option `timeout` of its own keeps it itself, and says what its silence means.
local function time_limit(node)
  local own = node.plugin and node.plugin.options
  return not (own and own.timeout) and node.timeout or false
end

--- What the cache is told about this step's answers; false when they are not to be kept.
local function cache_note(node)
  if node.cache == false then
    return false
  end
  local limits = type(node.cache) == "table" and node.cache or {}
  return {
    strategy = node.hash,
    interface = 0,
    min_ttl = limits.min_ttl,
    max_ttl = limits.max_ttl,
  }
end

--- Makes the step of a node, and those of a race's members.
---@param chain mlxresolve.Chain
---@param node table
---@param following integer  where the rest of the chain begins
---@return mlxresolve.Step
function step.new(chain, node, following)
  local own = own_exceptions(node)
  local wanted = node.zones or node.plugin and node.plugin.zones
  local except = exceptions(node, own)
  local self = setmetatable({
    chain = chain,
    scheduler = chain.scheduler,
    node = node,
    label = node.name,
    fits_all = not (wanted or except or node.types or node.purpose),
    zones = wanted and zones.new(wanted) or false,
    except = except,
    own_except = zones.new(own),
    types = node.types or false,
    purpose = node.purpose or false,
    timeout = time_limit(node),
    passes_denials = node.denials == "pass",
    denies_by_name = false,
    forgets = node.plugin and node.plugin.forgets or false,
    is_native = node.plugin_name == "native",
    note = cache_note(node),
    following = following,
    instance = false,
    members = false,
    retry = false,
  }, mt)
  chain.by_hash[node.hash] = self
  if node.kind == "race" then
    self.members = {}
    for i, member in ipairs(node.members) do
      self.members[i] = step.new(chain, member, following)
    end
  else
    self.instance = chain:instance(node)
    self.retry = node.retry and chain:instance(node.retry) or false
  end
  return self
end

---------------------------------------------------------------- does it fit?

--- Is the question this step's, by purpose, type and zone?
---@param asked mlxresolve.Query
---@return boolean
function methods:fits(asked)
  if self.purpose and self.purpose ~= asked.purpose then
    return false
  end
  if self.types and not self.types[asked.type] then
    return false
  end
  if self.zones and not hold(self.zones, asked.name) then
    return false
  end
  return not (self.except and hold(self.except, asked.name))
end

--- Is the name one that the plugin of this step never asks for, by its nature?
---@param name string
---@return boolean
function methods:reserves(name)
  return hold(self.own_except, name) and (not self.zones or hold(self.zones, name))
end

---------------------------------------------------------------- asking one

--- What a call of `resolve` came to: result, answer, message, code.
local function judge(self, asked, ok, value, message, code)
  if not ok then
    if value == TIMEOUT then
      return "timeout", nil, ("no result within %g ms"):format(self.timeout), "ETIMEOUT"
    end
    return "error", nil, "error: " .. tostring(value):match("^[^\n]*"), "EPLUGIN"
  elseif not (value or message) then
    return "pass"
  elseif is_answer(value) then
    if value.name ~= asked.name then
      value, message, code = value:alias(asked.name)
      if not value then
        return "failed", nil, message, code
      end
    end
    return value.status, value
  end
  if value then
    local text = "returned a %s where an answer, nothing, or nil, message, code is expected"
    local problem = text:format(type(value))
    self.instance:blame(problem)
    return "error", nil, problem, "EPLUGIN"
  end
  if code == "ENOTFOUND" then
    return "silent", nil, message, code
  end
  return code == "ETIMEOUT" and "timeout" or "failed", nil, tostring(message), code or "EFAILED"
end

--- Asks a retry policy for a delay; nil when it has no opinion. What fails at once is not asked
--- again without a pause, whatever the policy says.
---@param instance mlxresolve.Instance
---@param failure mlxresolve.Failure
---@return number? ms
function step.ask_retry(instance, failure)
  local ok, delay = instance:try("retry", failure, instance.ctx)
  if ok and type(delay) == "number" and delay >= 0 then
    return math.max(delay, SHORTEST_PAUSE)
  elseif ok and delay then
    instance:blame(("retry: expected ms from 0 on or nothing, got %s"):format(tostring(delay)))
  end
end

--- A network was left not long ago: its addresses are no answer any more.
local function strip(self, onlink, answer, asked)
  local left = onlink:strip(answer, self, asked.type)
  if left then
    return left.status, left
  end
  return "silent", nil, "its address is of a network that this machine has left", "ENOTFOUND"
end

--- One try, noted in the trace.
local function try(self, asked, flight, task, started)
  local instance = self.instance
  task.position, task.trying, task.note = self.following, true, false
  local trying = flight.trying
  trying[self] = started
  instance.tries = instance.tries + 1
  local result, answer, message, code =
    judge(self, asked, instance:call("resolve", self.timeout, asked, instance.ctx))
  local onlink = answer and instance.runtime.onlink
  if onlink and onlink.left_count > 0 then
    result, answer, message, code = strip(self, onlink, answer, asked)
  end
  trying[self] = nil
  local took = self.scheduler.turn_time - started
  local detail = message or false
  if task.note then
    detail = detail and (detail .. " (" .. task.note .. ")") or task.note
  end
  flight.trace:add(self.label, result, started, took, detail)
  return result, answer, message, code
end

--- Counts what a step came to, in the flight and the instance.
local function settle(self, flight, result, answer, message, code)
  if answer then
    self.instance.answers = self.instance.answers + 1
    if answer:is_denial() and self.passes_denials then
      flight.denial = flight.denial or answer
      return nil
    end
    answer.strategy, answer.step = self.label, self
    return answer
  end
  if result ~= "pass" and result ~= "silent" then
    self.instance.failures = self.instance.failures + 1
    flight.has_failed = true
    flight.message, flight.code = self.label .. ": " .. message, code
  end
end

--- Further tries, as long as the step's own retry policy wants them.
local function try_again(self, asked, flight, task, message, code)
  local scheduler = self.scheduler
  local began, attempt = scheduler.turn_time, 0
  local result, answer
  repeat
    attempt = attempt + 1
    local delay = step.ask_retry(self.retry, {
      attempt = attempt,
      code = code,
      message = message,
      elapsed = scheduler.turn_time - began,
    })
    if not delay then
      return result or "failed", nil, message, code
    end
    scheduler:sleep(delay)
    result, answer, message, code = try(self, asked, flight, task, scheduler.turn_time)
  until answer or result == "pass"
  return result, answer, message, code
end

local function skip(self, flight, now, why)
  flight.trace:add(self.label, "skipped", now, 0, why)
end

--- Asks this step, within the running task.
---@param asked mlxresolve.Query
---@param flight mlxresolve.Flight
---@return mlxresolve.Answer|nil  nil when the next is to be asked
function methods:ask(asked, flight)
  if self.members then
    return race.ask(self, asked, flight)
  end
  local scheduler = self.scheduler
  local task, now = scheduler.running, scheduler.turn_time
  flight.was_asked = true
  flight.is_seen = flight.is_seen or not self.forgets
  if now < self.instance.bypassed_until then
    local why = self.instance.is_closed and "the policy has changed" or "bypassed after errors"
    return skip(self, flight, now, why)
  elseif self.is_native and flight.is_native_echo then
    return skip(self, flight, now, "the question came from our own native lookup")
  end
  local result, answer, message, code = try(self, asked, flight, task, now)
  if result == "pass" then
    return nil
  elseif self.retry and not answer then
    result, answer, message, code = try_again(self, asked, flight, task, message, code)
  end
  return settle(self, flight, result, answer, message, code)
end

return step
