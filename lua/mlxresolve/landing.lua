--- The end of a flight: everybody who waits is told, the trace is kept, the flight is used again.

local answers = require("mlxresolve.answer")
local pool = require("mlxresolve.pool")
local query = require("mlxresolve.query")

local HISTORY = 256 -- traces kept for who asks later

local landing = {}

local function remember(self)
  local flights = self.flights
  local at = flights.next_history
  local entry = flights.history[at]
  if entry then
    entry.trace:clear()
    pool.give(flights.spare_traces, entry.trace)
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
  self.flights:unlink(self)
  self.flights.count = self.flights.count - 1
end

local function start_alone(self)
  local options = { is_shared = false, purpose = self.query.purpose, timeout = self.timeout }
  return self.flights:start(self.name, self.number, options)
end

local function move(waiter, from, to)
  local parent = waiter.parent
  if parent then
    parent.awaits[from], parent.awaits[to] = nil, true
  end
  waiter.flight = to
end

--- A private answer goes to the first client only; the others get flights of their own, and who
--- waits in the program is no client.
local function split_private(self)
  local slots, waiters = self.slots, self.waiters
  for i = 2, #slots do
    start_alone(self).slots[1] = slots[i]
    slots[i] = nil
  end
  if #slots > 0 and #waiters > 0 then
    local other = start_alone(self)
    for i = 1, #waiters do
      move(waiters[i], self, other)
      other.waiters[i], waiters[i] = waiters[i], nil
    end
  end
end

--- May somebody still have the query or the answer: a plugin that does not say that it forgets
--- them, an observer, who waits in the program?
local function is_kept(self)
  local chain = self.runtime.chain
  return self.is_seen or #self.waiters > 0 or #chain.observers + #self.chain.rankers > 0
end

local function recycle_parts(self)
  local answer = self.answer
  query.recycle(self.query)
  -- one that a step gave: others come from the cache, or are a denial that stays with the query
  if answer and answer.step then
    answers.recycle(answer)
  end
end

--- Flights are pooled: nobody may look at one after it has landed.
local function recycle(self)
  local slots, waiters = self.slots, self.waiters
  self.query.flight = false
  if not is_kept(self) then
    recycle_parts(self)
  end
  for i = 1, #slots do
    slots[i] = nil
  end
  for i = 1, #waiters do
    waiters[i] = nil
  end
  self.query, self.trace, self.answer, self.denial, self.awaits = false, false, false, false, false
  self.depth, self.timeout, self.purpose, self.purpose_hash = 0, false, false, 0
  self.is_shared, self.is_native_echo, self.is_refresh = true, false, false
  self.is_private, self.is_over, self.is_late, self.is_seen = false, false, false, false
  self.has_failed, self.was_asked, self.has_name = false, false, false
  self.is_outdated, self.used_stale = false, false
  self.message, self.code = false, false
  pool.give(self.flights.spare, self)
end

--- Those who watch the name need not wait until what they know runs out.
local function tell_watches(self)
  local watches = self.runtime.watches
  if watches:has(self.name) and not self.is_private and not self.query.purpose then
    watches:answered(self.name, self.query.type, self.answer:data())
  end
end

local function land(self)
  if self.is_over then
    return
  end
  self.is_over = true
  self.task = false
  if self.timer_at then
    self.runtime.scheduler.timers:remove(self)
  end
  unlink(self)
  if self.is_private then
    split_private(self)
  end
  self.runtime:reply(self)
  for i = 1, #self.waiters do
    self.waiters[i]:landed(self)
  end
  if self.answer then
    self.runtime:observe(self.query, self.answer)
    tell_watches(self)
  end
  remember(self)
  recycle(self)
end

--- The end of the task that ran down the chain.
---@param self mlxresolve.Flight
---@param ok boolean
---@param problem any
function landing.on_task_end(self, _, ok, problem)
  if not ok and not self.is_over then
    self.code = self.code or "ECANCELED"
    self.message = self.message or tostring(problem)
  end
  land(self)
end

return landing
