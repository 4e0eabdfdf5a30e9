--- Single flight: one run of the chain per question, however many wait for it.
---
--- Who waits: clients of the DNS listener (slots), requests of the library, and tasks of other
--- flights (sub-queries). A flight ends when it has landed or when its last waiter has left.

local fingerprint = require("mlxresolve.policy.fingerprint")
local landing = require("mlxresolve.landing")
local pool = require("mlxresolve.pool")
local query = require("mlxresolve.query")
local run = require("mlxresolve.run")
local stale = require("mlxresolve.stale")
local traces = require("mlxresolve.trace")

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
    refreshed = 0,
    history = {},
    next_history = 1,
    spare_traces = pool.new(),
    spare = pool.new(),
  }, mt)
end

--- The client that asked first, for `query.client`.
function one_methods:client()
  local front = self.slots[1] and self.runtime.front
  return front and front:client(self.slots[1]) or false
end

--- The patience of those who wait is over: see stale.lua.
function one_methods:fire()
  stale.tell(self)
end

---------------------------------------------------------------- starting, joining, leaving

--- Questions with different purposes are different questions.
local function key_of(name, purpose)
  return purpose and (name .. "\0" .. purpose) or name
end

local function new_flight(flights)
  return setmetatable({
    flights = flights,
    runtime = flights.runtime,
    chain = false,
    query = false,
    name = false,
    number = 0,
    key = false,
    purpose = false,
    purpose_hash = 0,
    is_shared = true,
    slots = {},
    waiters = {},
    awaits = false,
    trying = {}, -- step → when it was asked, ms; what is older than the flight is left from another
    trace = false,
    task = false,
    started_at = 0,
    depth = 0,
    timeout = false,
    is_native_echo = false,
    is_private = false,
    is_over = false,
    is_refresh = false,
    is_late = false,
    is_outdated = false,
    used_stale = false,
    has_failed = false,
    was_asked = false,
    is_seen = false,
    has_name = false,
    denial = false,
    answer = false,
    message = false,
    code = false,
    timer_at = false,
    timer_next = false,
    timer_previous = false,
    timer_order = 0,
  }, one_mt)
end

local function set_options(new, options)
  local parent, purpose = options.parent, options.purpose
  new.depth = parent and parent.depth + 1 or 0
  new.timeout = options.timeout or false
  new.is_native_echo = options.is_native_echo or false
  new.is_refresh = options.is_refresh or false
  new.is_shared = options.is_shared ~= false
  if purpose then
    new.purpose, new.purpose_hash = purpose, fingerprint.text(purpose)
  end
end

--- Others who ask the same will find it.
local function share(self, new)
  local same_type = self.by_type[new.number]
  if not same_type then
    same_type = {}
    self.by_type[new.number] = same_type
  end
  same_type[new.key] = new
end

--- Starts a flight. Options: is_shared (default true), parent, timeout, is_native_echo, purpose,
--- is_refresh (goes on though nobody waits).
---@param name string
---@param number integer
---@param options table?
function methods:start(name, number, options)
  local runtime = self.runtime
  local scheduler = runtime.scheduler
  local new = pool.take(self.spare) or new_flight(self)
  if options then
    set_options(new, options)
  end
  new.chain = runtime.chain
  new.name, new.number, new.key = name, number, key_of(name, new.purpose)
  new.trace = pool.take(self.spare_traces) or traces.new()
  new.started_at = scheduler:now()
  new.query = query.new(name, number, new.purpose, new)
  if new.is_shared then
    share(self, new)
  end
  self.count = self.count + 1
  self.started = self.started + 1
  if runtime.stale_timer then
    scheduler.timers:add(new, new.started_at + runtime.stale_timer)
  end
  local task = scheduler:spawn(run.flight, new)
  task.flight, task.on_end, task.on_end_object = new, landing.on_task_end, new
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

local function is_meant(one, filter)
  return (not filter.name or filter.name == one.name)
    and (not filter.suffix or query.is_under(one.name, filter.suffix))
end

--- Nobody finds this one any more.
---@param one mlxresolve.Flight
function methods:unlink(one)
  local same_type = self.by_type[one.number]
  if same_type and same_type[one.key] == one then
    same_type[one.key] = nil
  end
end

--- Nobody joins the flights that are under way any more; they go on for those who wait.
function methods:part()
  self.by_type = {}
end

--- What was flushed is not kept when it comes in a moment later, but for what `except` says, in
--- which the flush was asked for.
---@param filter { name: string?, suffix: string?, type: string? }
---@param except mlxresolve.Flight|false
function methods:outdate(filter, except)
  local number = filter.type and query.type_numbers[filter.type]
  for of, same_type in pairs(self.by_type) do
    for _, one in pairs(same_type) do
      if (not number or number == of) and one ~= except and is_meant(one, filter) then
        one.is_outdated = true
        self:unlink(one)
      end
    end
  end
end

--- Joins the flight for a question, or starts one: an answer that is made for one client is nobody
--- else's.
---@param waiter { landed: fun(self, flight) }
function methods:join(name, number, waiter, options)
  local found = self:find(name, number, options and options.purpose)
  if found and not found.is_private then
    self.joined = self.joined + 1
  else
    found = self:start(name, number, options)
  end
  found.waiters[#found.waiters + 1] = waiter
  return found
end

--- Starts a flight that nobody waits for, unless one is under way or has just failed.
---@param name string
---@param number integer
---@param purpose string|false|nil
function methods:refresh(name, number, purpose)
  if self:find(name, number, purpose) or self.runtime.failures:find(name, number, purpose) then
    return
  end
  self.refreshed = self.refreshed + 1
  self:start(name, number, { purpose = purpose, is_refresh = true })
end

--- Takes a waiter out; the last one ends the flight, unless it refreshes the cache.
function methods.leave(_, one, waiter)
  for i, other in ipairs(one.waiters) do
    if other == waiter then
      table.remove(one.waiters, i)
      break
    end
  end
  if #one.waiters == 0 and #one.slots == 0 and one.task and not one.is_refresh then
    one.runtime.scheduler:cancel(one.task)
  end
end

return flight
