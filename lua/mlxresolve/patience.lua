--- A caller's own patience with a flight: when it is over, the caller gets what there is and
--- leaves; others wait on, each for as long as they want.

local run = require("mlxresolve.run")
local stale = require("mlxresolve.stale")

local patience = {}

--- How long a request waits for a flight, if that is not until it lands.
---@param resolver mlxresolve.Resolver
---@param flight mlxresolve.Flight
---@param timeout number|false  the caller's, ms
---@return number|false ms
local function limit_of(resolver, flight, timeout)
  return timeout or flight.timeout and resolver.deadline
end

--- Has `waiter:fire()` called when its time is over, unless the flight ends by then: a flight that
--- gives up is a failure to remember, one that was left is none.
---@param resolver mlxresolve.Resolver
---@param waiter table  { flight }
---@param timeout number|false  ms
function patience.begin(resolver, waiter, timeout)
  local limit, scheduler = limit_of(resolver, waiter.flight, timeout), resolver.scheduler
  if not limit then
    return
  end
  local flight, till = waiter.flight, scheduler:now() + limit
  if till >= flight.started_at + (flight.timeout or resolver.deadline) then
    return
  end
  waiter.limit = limit
  scheduler.timers:add(waiter, till)
  if not scheduler.in_turn then
    scheduler:wake_host(scheduler:now())
  end
end

--- The waiter has what it waited for, or gives up.
---@param resolver mlxresolve.Resolver
---@param waiter table
function patience.finish(resolver, waiter)
  if waiter.timer_at then
    resolver.scheduler.timers:remove(waiter)
  end
end

--- The tries so far, with those that are still at it; of whom nobody else is told that they failed.
local function tries_of(flight, limit)
  local trace = flight.trace
  local n = trace.n
  run.note_unfinished(flight, limit)
  local list = trace:list()
  if #flight.waiters + #flight.slots > 1 then
    trace.n = n
  end
  return list
end

--- Takes the waiter out of its flight: what ran out, if the policy serves that; else nil, message,
--- code. And the tries.
---@param resolver mlxresolve.Resolver
---@param waiter table
---@return mlxresolve.Answer|nil, string? message, string? code, table[] tries
function patience.over(resolver, waiter)
  local flight = waiter.flight
  local tries = tries_of(flight, waiter.limit)
  local old = stale.get(resolver, flight.name, flight.number, flight.purpose_hash)
  if old and old.is_stale and not resolver.identity:vouches(flight.name, old.packet) then
    old = nil
  end
  local message, code
  if not old then
    message, code = run.too_late(resolver, waiter.limit)
  end
  waiter.flight = false
  resolver.flights:leave(flight, waiter)
  return old, message, code, tries
end

return patience
