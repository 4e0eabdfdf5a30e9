--- The scheduler: tasks that wait without callbacks, on one world's clock.
---
--- Tasks and their coroutines are pooled: a reference to a task is good until it ends;
--- `scheduler:handle` makes one for longer. How waits end: task.lua; deadlines: scope.lua; what
--- happens outside of tasks: alarms.lua.

local alarms = require("mlxresolve.alarms")
local scope = require("mlxresolve.scope")
local tasks = require("mlxresolve.task")
local timers = require("mlxresolve.timers")

local yield, resume, create, running =
  coroutine.yield, coroutine.resume, coroutine.create, coroutine.running
local may_yield = coroutine.isyieldable
local CANCELLED, TIMEOUT, explain = tasks.CANCELLED, tasks.TIMEOUT, tasks.explain

local RUNS_PER_TURN = 4096 -- then the host looks at its descriptors again

local scheduler = { CANCELLED = CANCELLED, TIMEOUT = TIMEOUT, is_stop = tasks.is_stop }
local methods = {}
local mt = { __name = "mlxresolve.scheduler", __index = methods }

for _, part in ipairs { alarms, scope } do
  for name, fn in pairs(part) do
    methods[name] = fn
  end
end

---@class mlxresolve.Scheduler
---@param world mlxresolve.World
---@return mlxresolve.Scheduler
function scheduler.new(world)
  local self = setmetatable({
    world = world,
    timers = timers.new(world:now()),
    running = false,
    ready = {},
    head = 1,
    tail = 0,
    spare = {},
    spare_count = 0,
    live = 0,
    in_turn = false,
    turn_time = false, -- ms, constant within a turn: for tasks, which run in turns only
    turn_ends = {}, -- function and argument in turn: to be called when this turn ends
    --- Called with (task, error) when a task dies of an error that nobody waits for.
    on_error = function(_, problem)
      world:log("error", tostring(problem))
    end,
  }, mt)
  world.host = self
  return self
end

---@return number ms
function methods:now()
  return self.turn_time or self.world:now()
end

--- The task that runs, or false.
---@return mlxresolve.Task|false
function methods:current()
  return self.running
end

--- Is the running task the last one for now?
---@return boolean
function methods:is_last()
  return self.running and self.head > self.tail
end

---------------------------------------------------------------- running

local function finish(self, task, ok, ...)
  if task.owned then
    self:close_owned(task, 0)
  end
  local on_end, object = task.on_end, task.on_end_object
  if on_end then
    on_end(object, task, ok, ...)
  elseif not ok and not tasks.is_stop((...)) then
    self.on_error(task, (...))
  end
end

local function run_body(self, task)
  if task.cancelled then
    return finish(self, task, false, CANCELLED)
  end
  finish(self, task, xpcall(task.fn, explain, task.a, task.b, task.c))
end

--- The life of a pooled coroutine: one task after the other.
local function work(self, task)
  while true do
    run_body(self, task)
    tasks.clear(task)
    self.live = self.live - 1
    local count = self.spare_count + 1
    self.spare[count], self.spare_count = task, count
    yield()
  end
end

--- Puts a task into the queue of those that can run.
function methods:enqueue(task)
  local tail = self.tail + 1
  self.tail = tail
  self.ready[tail] = task
  if not self.in_turn and tail == self.head then
    self.world:wake_at(self.world:now())
  end
end

--- Starts a task; it runs later in the present turn of the host, or in the next.
---@param fn function  called with a, b, c
---@return mlxresolve.Task
function methods:spawn(fn, a, b, c)
  local count = self.spare_count
  local task
  if count > 0 then
    task = self.spare[count]
    self.spare[count], self.spare_count = false, count - 1
  else
    task = tasks.new(self, create(work))
  end
  task.ended = false
  task.fn, task.a, task.b, task.c = fn, a, b, c
  self.live = self.live + 1
  self:enqueue(task)
  return task
end

local function step(self, task)
  self.running = task
  local ok, problem = resume(task.co, self, task)
  self.running = false
  if not ok then
    self.on_error(task, problem)
  end
end

local function run_ready(self)
  local ready, runs = self.ready, 0
  while self.head <= self.tail and runs < RUNS_PER_TURN do
    local head = self.head
    local task = ready[head]
    ready[head] = nil
    self.head = head + 1
    runs = runs + 1
    step(self, task)
  end
  if self.head > self.tail then
    self.head, self.tail = 1, 0
  end
end

--- Asks the world for the next turn: at once when something can run.
---@param now number
function methods:wake_host(now)
  local is_ready = self.head <= self.tail or self.turn_ends[1]
  self.world:wake_at(is_ready and now or self.timers:next())
end

--- One turn: fires timers and runs what is ready. The world calls it.
---@param now number  ms
function methods:run(now)
  if self.in_turn then
    return
  end
  self.in_turn, self.turn_time = true, now
  self.timers:expire(now)
  run_ready(self)
  if self.turn_ends[1] then
    self:end_turn()
  end
  self.in_turn, self.turn_time = false, false
  self:wake_host(now)
end

--- After an error that ended a turn in the middle: the next one begins anew.
function methods:recover()
  self.in_turn, self.turn_time, self.running = false, false, false
end

---------------------------------------------------------------- waiting

--- Why the task may not wait any longer, or nil.
local function reason_to_stop(self, task)
  if task.cancelled then
    return CANCELLED
  end
  local deadline = task.deadline
  if deadline and self.turn_time >= deadline then
    return TIMEOUT
  end
end

--- Suspends the running task until it is woken.
---@param cancel function|false  called with (object, argument) when the wait ends otherwise
---@param object any
---@param argument any
---@param till number?  ms: give up at this time and return nothing
---@return any, any, any, any  what it was woken with
function methods:wait(cancel, object, argument, till)
  local task = self.running
  if not task or running() ~= task.co then
    error("waiting is possible inside a task only", 2)
  elseif not may_yield() then
    if cancel then
      cancel(object, argument)
    end
    -- a yield that fails would leave a task that waits for ever and is used for others
    error("a function that table.sort, string.gsub or the like calls cannot wait: do it before", 0)
  end
  local reason = reason_to_stop(self, task)
  if reason then
    if cancel then
      cancel(object, argument)
    end
    error(reason, 0)
  end
  task.waiting = true
  task.cancel, task.cancel_object, task.cancel_argument = cancel, object, argument
  local at = task.deadline
  if till and (not at or till < at) then
    at = till
  end
  if at then
    self.timers:add(task, at)
  end
  yield()
  local raise = task.raise
  if raise then
    task.raise = false
    error(raise, 0)
  end
  return task.a, task.b, task.c, task.d
end

--- Waits for a number of milliseconds.
---@param ms number
function methods:sleep(ms)
  self:wait(false, false, false, self.world:now() + ms)
end

--- Cancels a task: raises in its wait and in every later one.
---@param task mlxresolve.Task
function methods.cancel(_, task)
  if task.ended or task.cancelled then
    return
  end
  task.cancelled = true
  if task.waiting then
    task:interrupt(CANCELLED)
  end
end

--- A reference that stays harmless after the task has ended; `handle:close()` cancels.
---@param task mlxresolve.Task
function methods.handle(_, task)
  return tasks.handle(task)
end

return scheduler
