--- Turns of the real world: descriptors that are ready, deadlines that have come, then the host.

local core = require("mlxresolve.core")
local uv = require("luv")

local PAUSE = 1000 -- ms

---@class mlxresolve.World
local turns = {}

local function next_wake(self)
  local at = self.wanted
  for _, deadline in pairs(self.deadlines) do
    if not at or deadline < at then
      at = deadline
    end
  end
  return at
end

--- Arms the one timer. One that would ring early is left alone: ringing for nothing is cheaper
--- than setting it anew for every question.
local function arm(self)
  local at = next_wake(self)
  if not at then
    if self.armed then
      self.timer:stop()
      self.armed = false
    end
    return
  end
  if self.armed and self.armed <= at and self.armed >= self.time then
    return
  end
  self.armed = at
  self.timer = self.timer or uv.new_timer()
  self.timer:start(math.max(0, math.ceil(at - self.time)), 0, self.on_timer)
end

function turns:wake_at(at)
  self.wanted = at or false
  if not self.in_turn then
    self.time = core.now()
    arm(self)
  end
end

--- A step that failed would fail again at once: the descriptor rests for a moment.
local function pause(self, object, watch, problem)
  self:log("warn", "the system fails, trying again in a second: " .. tostring(problem))
  watch.poll:stop()
  watch.is_paused, self.deadlines[object] = true, self.time + PAUSE
end

--- Steps an object until it has nothing more or was closed; a few times, as others want their turn.
local function drain(self, object)
  local watch = self.watched[object]
  for _ = 1, 8 do
    local items, deadline = watch.step(self, object)
    if self.watched[object] ~= watch then
      return
    elseif not items then
      return pause(self, object, watch, deadline)
    elseif watch.is_paused then
      watch.is_paused = false
      watch.poll:start("r", watch.on_ready)
    end
    self.deadlines[object] = deadline or nil
    if self.load then
      self:count_load(items)
    end
    if items < 64 then
      return
    end
  end
end

--- Steps the objects whose deadline has come. Steps may add deadlines, so the list is made first.
local function drain_due(self)
  local due
  for object, deadline in pairs(self.deadlines) do
    if deadline <= self.time then
      due = due or {}
      due[#due + 1] = object
    end
  end
  for i = 1, due and #due or 0 do
    if self.watched[due[i]] then
      drain(self, due[i])
    end
  end
end

local function work(self, object)
  if object and self.watched[object] then
    drain(self, object)
  end
  drain_due(self)
  self.host:run(self.time)
  if not self.is_closed then
    self:flush()
  end
end

--- Runs everything that is due; `object` is one whose descriptor is readable. An error in it is
--- logged and ends this turn only: luv would end the program.
function turns:turn(object)
  if self.is_closed then
    return
  end
  self.time = core.now()
  self.in_turn = true
  local ok, problem = xpcall(work, debug.traceback, self, object)
  self.in_turn = false
  if not ok then
    self.host:recover()
    self:log("error", tostring(problem))
  end
  if not self.is_closed then
    arm(self)
  end
end

--- Watches an object's descriptor. `step(world, object)` handles one batch and returns the number
--- of items and the next deadline; or nil and why it failed.
function turns:watch(object, step, is_reference)
  local poll = uv.new_poll(object:fd())
  local function on_ready(problem)
    if problem then
      self:log("error", "poll: " .. tostring(problem))
    end
    self:turn(object)
  end
  self.watched[object] = { poll = poll, step = step, on_ready = on_ready, is_paused = false }
  poll:start("r", on_ready)
  if not is_reference then
    poll:unref()
  end
  return object
end

--- Stops watching an object and closes it.
function turns:unwatch(object)
  local watch = self.watched[object]
  if not watch then
    return
  end
  self.watched[object], self.deadlines[object] = nil, nil
  watch.poll:stop()
  watch.poll:close()
  object:close()
end

--- Ends an operation without waking its waiter.
function turns:cancel(kind, operation)
  self["cancel_" .. kind](self, operation)
end

return turns
