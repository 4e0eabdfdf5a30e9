--- Single flight: one run of the chain per question, however many wait for it.
---
--- Who waits: clients of the DNS listener (slots), requests of the library, and tasks of other
--- flights (sub-queries). A flight ends when it has landed or when its last waiter has left.

local answers = require("mlxresolve.answer")
local fingerprint = require("mlxresolve.policy.fingerprint")
local query = require("mlxresolve.query")
local rank = require("mlxresolve.rank")
local traces = require("mlxresolve.trace")
local TIMEOUT = require("mlxresolve.scheduler").TIMEOUT

local HISTORY = 256 -- traces kept for who asks later

local flight = {}
local methods = {}
local mt = { __name = "mlxresolve.flights", __index = methods }

local one_methods = {}
local one_mt = { __name = "mlxresolve.flight", __index = one_methods }

---@param runtime table
---@return mlxresolve.Flights
function flight.new(runtime)
  return setmetatable({
    runtime = runtime,
    by_type = {},
    count = 0,
    started = 0,
    joined = 0,
    history = {},
    next_history = 1,
    spare_traces = {},
  }, mt)
end

--- The client that asked first, for `query.client`.
function one_methods:client()
  local front = self.slots[1] and self.runtime.front
  return front and front:client(self.slots[1]) or false
end

---------------------------------------------------------------- running

local function passes(self, deadline_at)
  local runtime = self.runtime
  local scheduler, policy_chain = runtime.scheduler, self.chain
  local attempt = 0
  while true do
    self.has_failed = false
    local answer = policy_chain:pass(self.query, self, 1)
    if answer or self.denial then
      return answer or self.denial
    end
    if not self.has_failed then
      return nil
    end
    attempt = attempt + 1
    local delay = policy_chain:retry_delay {
      attempt = attempt,
      code = self.code,
      message = self.message,
      elapsed = scheduler:now() - self.started_at,
    }
    if not delay or scheduler:now() + delay >= deadline_at then
      return nil
    end
    scheduler:sleep(delay)
  end
end

local function keep(self, answer)
  local step = answer.step
  local note = step and step.note
  if self.is_private or answer.is_stale or not note then
    return
  end
  note.interface = answer.interface or 0
  note.purpose = self.purpose_hash
  self.runtime.cache:put(answer.packet, self.runtime.world:now(), note)
end

--- With no answer: what the cache still has, if the policy allows.
local function stale_answer(self)
  local runtime = self.runtime
  if not runtime.serves_stale then
    return nil
  end
  local packet, _, _, strategy, interface =
    runtime.cache:get(self.name, self.number, runtime.world:now(), self.purpose_hash, true)
  if not packet then
    return nil
  end
  local answer = answers.read(packet)
  answer.is_stale = true
  answer.interface = interface
  answer.strategy = runtime:strategy_name(strategy)
  return answer
end

--- Nobody knows the name, and nobody failed: that is a denial, though not one to remember.
local function verdict(self)
  if not self.was_asked then
    self.code, self.message = "EREFUSED", "no strategy's zones fit " .. self.name
  elseif not self.has_failed then
    local denial = self.query:nxdomain(0)
    denial.strategy = false
    return denial
  elseif not self.code then
    self.code, self.message = "EFAILED", "every strategy failed"
  end
end

local function run(self)
  local runtime = self.runtime
  local scheduler = runtime.scheduler
  local limit = self.timeout or runtime.deadline
  local ok, answer = scheduler:attempt(limit, passes, self, scheduler:now() + limit)
  if not ok then
    self.has_failed = true
    if answer == TIMEOUT then
      self.code = "ETIMEOUT"
      self.message = ("no answer within %g ms"):format(limit)
    else
      self.code, self.message = "EINTERNAL", tostring(answer)
      runtime.world:log("error", tostring(answer))
    end
    answer = nil
  end
  if answer then
    answer = rank.apply(self.chain.rankers, answer, self.query, runtime)
    keep(self, answer)
  else
    answer = stale_answer(self) or verdict(self)
  end
  self.answer = answer or false
end

---------------------------------------------------------------- landing

local function remember(self)
  local flights = self.flights
  local at = flights.next_history
  local entry = flights.history[at]
  if entry then
    entry.trace:clear()
    flights.spare_traces[#flights.spare_traces + 1] = entry.trace
  else
    entry = {}
    flights.history[at] = entry
  end
  entry.name, entry.type, entry.trace = self.name, self.query.type, self.trace
  entry.status = self.answer and self.answer.status or self.code
  entry.ms = self.runtime.scheduler:now() - self.started_at
  flights.next_history = at % HISTORY + 1
end

local function unlink(self)
  local flights = self.flights
  local same_type = flights.by_type[self.number]
  if same_type and same_type[self.key] == self then
    same_type[self.key] = nil
  end
  flights.count = flights.count - 1
end

--- A private answer goes to the first client only; the others get flights of their own.
local function split_private(self)
  for i = 2, #self.slots do
    local options = { is_shared = false, purpose = self.query.purpose }
    local other = self.flights:start(self.name, self.number, options)
    other.slots[1] = self.slots[i]
    self.slots[i] = nil
  end
end

local function land(self, task)
  if self.is_over then
    return
  end
  self.is_over = true
  self.task = false
  unlink(self)
  if self.is_private then
    split_private(self)
  end
  self.runtime:reply(self)
  for i = 1, #self.waiters do
    self.waiters[i]:landed(self)
  end
  if self.answer then
    self.runtime:observe(self, task)
  end
  remember(self)
end

local function on_task_end(self, task, ok, problem)
  if not ok and not self.is_over then
    self.code = self.code or "ECANCELED"
    self.message = self.message or tostring(problem)
  end
  land(self, task)
end

---------------------------------------------------------------- starting, joining, leaving

--- Questions with different purposes are different questions.
local function key_of(name, purpose)
  return purpose and (name .. "\0" .. purpose) or name
end

--- Starts a flight. Options: is_shared (default true), parent, timeout, is_native_echo, purpose.
---@param name string
---@param number integer
---@param options table?
function methods:start(name, number, options)
  options = options or {}
  local runtime = self.runtime
  local spare = self.spare_traces
  local trace = spare[#spare] or traces.new()
  spare[#spare] = nil
  local new = setmetatable({
    flights = self,
    runtime = runtime,
    chain = runtime.chain,
    name = name,
    number = number,
    key = key_of(name, options.purpose),
    purpose_hash = fingerprint.text(options.purpose),
    slots = {},
    waiters = {},
    awaits = false,
    trying = {},
    trace = trace,
    started_at = runtime.scheduler:now(),
    depth = options.parent and options.parent.depth + 1 or 0,
    timeout = options.timeout or false,
    is_native_echo = options.is_native_echo or false,
    is_private = false,
    is_over = false,
    has_failed = false,
    was_asked = false,
    denial = false,
    answer = false,
    message = false,
    code = false,
  }, one_mt)
  new.query = query.new(name, number, options.purpose, new)
  if options.is_shared ~= false then
    local same_type = self.by_type[number]
    if not same_type then
      same_type = {}
      self.by_type[number] = same_type
    end
    same_type[new.key] = new
  end
  self.count = self.count + 1
  self.started = self.started + 1
  local task = runtime.scheduler:spawn(run, new)
  task.flight, task.on_end, task.on_end_object = new, on_task_end, new
  new.task = task
  return new
end

--- The flight that is under way for a question, or nil.
---@param name string
---@param number integer
---@param purpose string|false|nil
function methods:find(name, number, purpose)
  local same_type = self.by_type[number]
  return same_type and same_type[key_of(name, purpose)]
end

--- Joins the flight for a question, or starts one.
---@param waiter { landed: fun(self, flight) }
function methods:join(name, number, waiter, options)
  local found = self:find(name, number, options and options.purpose)
  if found then
    self.joined = self.joined + 1
  else
    found = self:start(name, number, options)
  end
  found.waiters[#found.waiters + 1] = waiter
  return found
end

--- Takes a waiter out; the last one ends the flight.
function methods.leave(_, one, waiter)
  for i, other in ipairs(one.waiters) do
    if other == waiter then
      table.remove(one.waiters, i)
      break
    end
  end
  if #one.waiters == 0 and #one.slots == 0 and one.task then
    one.runtime.scheduler:cancel(one.task)
  end
end

return flight
