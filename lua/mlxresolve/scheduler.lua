--- Tasks: coroutines that wait without callbacks, with deadlines and cancellation.
---
--- A task is also a *waiter*: who completes its operation calls `task:wake(a, b, c, d)`.
--- A wait ends in one of three ways: it is woken; its deadline passes (raises TIMEOUT); the
--- task is cancelled (raises CANCELLED). In the last two the operation's cancel function has
--- been called, so that nobody wakes the task for it later. Tasks and their coroutines are
--- pooled: a reference to a task is good until it ends; `scheduler:handle` makes one for longer.

local timers = require "mlxresolve.timers"

local yield, resume, create, running =
  coroutine.yield, coroutine.resume, coroutine.create, coroutine.running

local RUNS_PER_TURN = 4096 -- then the host looks at its descriptors again

local stop_mt = {
  __name = "mlxresolve.stop",
  __tostring = function(self)
    return self.message
  end,
}

local scheduler = {
  --- Raised in the waits of a cancelled task.
  CANCELLED = setmetatable({ code = "ECANCELED", message = "cancelled" }, stop_mt),
  --- Raised in the waits of a task whose deadline has passed.
  TIMEOUT = setmetatable({ code = "ETIMEOUT", message = "timed out" }, stop_mt),
}

local CANCELLED, TIMEOUT = scheduler.CANCELLED, scheduler.TIMEOUT

local methods = {}
local mt = { __name = "mlxresolve.scheduler", __index = methods }
local task_methods = {}
local task_mt = { __name = "mlxresolve.task", __index = task_methods }

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
    live = 0,
    in_turn = false,
    flushes = {},
    --- Called with (task, error) when a task dies of an error that nobody waits for.
    on_error = function(_, problem)
      world:log("error", tostring(problem))
    end,
  }, mt)
  world.host = self
  return self
end

--- Is this what cancellation or a deadline raised, rather than an error?
---@return boolean
function scheduler.is_stop(problem)
  return getmetatable(problem) == stop_mt
end
local is_stop = scheduler.is_stop

---------------------------------------------------------------- running

--- Keeps the traceback of a genuine error; stops pass as they are.
local function explain(problem)
  if is_stop(problem) then
    return problem
  end
  return debug.traceback(tostring(problem), 2)
end

local function finish(self, task, ok, ...)
  self:close_owned(task, 0)
  local on_end, object = task.on_end, task.on_end_object
  if on_end then
    on_end(object, task, ok, ...)
  elseif not ok and not is_stop((...)) then
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
    task.generation = task.generation + 1
    task.ended = true
    self.live = self.live - 1
    self.spare[#self.spare + 1] = task
    yield()
  end
end

local function new_task(self)
  return setmetatable({
    scheduler = self,
    co = create(work),
    generation = 0,
    ended = false,
    fn = false,
    a = false,
    b = false,
    c = false,
    d = false,
    cancelled = false,
    deadline = false,
    waiting = false,
    raise = false,
    cancel = false,
    cancel_object = false,
    cancel_argument = false,
    on_end = false,
    on_end_object = false,
    owned = false,
    flight = false,
    instance = false,
    position = 0,
    timer_at = false,
    timer_next = false,
    timer_previous = false,
    timer_order = 0,
  }, task_mt)
end

local function enqueue(self, task)
  local tail = self.tail + 1
  self.tail = tail
  self.ready[tail] = task
  if not self.in_turn then
    self.world:wake_at(self.world:now())
  end
end

--- Starts a task; it runs later in the present turn of the host, or in the next.
---@param fn function  called with a, b, c
---@return mlxresolve.Task
function methods:spawn(fn, a, b, c)
  local spare = self.spare
  local task = spare[#spare]
  if task then
    spare[#spare] = nil
  else
    task = new_task(self)
  end
  task.ended, task.cancelled, task.deadline, task.raise = false, false, false, false
  task.fn, task.a, task.b, task.c, task.d = fn, a, b, c, false
  task.on_end, task.on_end_object = false, false
  task.flight, task.instance, task.position = false, false, 0
  self.live = self.live + 1
  enqueue(self, task)
  return task
end

--- The task that runs, or false.
---@return mlxresolve.Task|false
function methods:current()
  return self.running
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

--- One turn: fires timers and runs what is ready. The world calls it.
---@param now number  ms
function methods:run(now)
  if self.in_turn then
    return
  end
  self.in_turn = true
  self.timers:expire(now)
  run_ready(self)
  for i = 1, #self.flushes do
    self.flushes[i]()
  end
  self.in_turn = false
  self.world:wake_at(self.head <= self.tail and now or self.timers:next())
end

--- Registers what is to be done at the end of every turn (sending batches).
---@param fn fun()
function methods:at_turn_end(fn)
  self.flushes[#self.flushes + 1] = fn
end

---@return number ms
function methods:now()
  return self.world:now()
end

---------------------------------------------------------------- waiting

--- Why the task may not wait any longer, or nil.
local function reason_to_stop(self, task)
  if task.cancelled then
    return CANCELLED
  end
  local deadline = task.deadline
  if deadline and self.world:now() >= deadline then
    return TIMEOUT
  end
end

local function stop_waiting(task)
  task.waiting = false
  task.scheduler.timers:remove(task)
  local cancel, object, argument = task.cancel, task.cancel_object, task.cancel_argument
  task.cancel, task.cancel_object, task.cancel_argument = false, false, false
  return cancel, object, argument
end

local function interrupt(task, reason)
  local cancel, object, argument = stop_waiting(task)
  if cancel then
    cancel(object, argument)
  end
  task.raise = reason
  task.a, task.b, task.c, task.d = nil, nil, nil, nil
  enqueue(task.scheduler, task)
end

--- The timer of a wait: its end, or the task's deadline.
function task_methods:fire(now)
  interrupt(self, self.deadline and now >= self.deadline and TIMEOUT)
end

--- Ends the task's wait; its `wait` returns the four values. Ignored when it does not wait.
function task_methods:wake(a, b, c, d)
  if not self.waiting then
    return
  end
  stop_waiting(self)
  self.a, self.b, self.c, self.d = a, b, c, d
  enqueue(self.scheduler, self)
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
    interrupt(task, CANCELLED)
  end
end

local handle_mt = {
  __name = "mlxresolve.task_handle",
  __index = {
    close = function(self)
      if self.task.generation == self.generation then
        self.task.scheduler:cancel(self.task)
      end
    end,
  },
}

--- A reference that stays harmless after the task has ended; `handle:close()` cancels.
---@param task mlxresolve.Task
function methods.handle(_, task)
  return setmetatable({ task = task, generation = task.generation }, handle_mt)
end

---------------------------------------------------------------- what a task owns

--- Makes the running task close `resource` when it, or the present `attempt`, ends.
---@param resource { close: fun(self) }
function methods:own(resource)
  local task = self.running
  local owned = task.owned
  if not owned then
    owned = {}
    task.owned = owned
  end
  owned[#owned + 1] = resource
  return resource
end

--- Closes what the task owns beyond the first `mark` things, the last one first.
function methods:close_owned(task, mark)
  local owned = task.owned
  if not owned then
    return
  end
  for i = #owned, mark + 1, -1 do
    local resource = owned[i]
    owned[i] = nil
    local ok, problem = pcall(resource.close, resource)
    if not ok then
      self.on_error(task, problem)
    end
  end
end

local function leave(self, task, outer, effective, mark, ok, ...)
  task.deadline = outer
  self:close_owned(task, mark)
  if ok then
    return true, ...
  end
  local problem = ...
  if is_stop(problem) and not (problem == TIMEOUT and effective ~= outer) then
    error(problem, 0) -- the whole task is to end
  end
  return false, problem
end

--- Runs `fn(a, b, c)` in the running task, at most `ms` long. Returns true and its results;
--- false and TIMEOUT; or false and an error with its traceback. What it opened is closed. The
--- end of the task itself passes through.
---@param ms number|false
---@return boolean ok, any ...
function methods:attempt(ms, fn, a, b, c)
  local task = self.running
  local outer = task.deadline
  local effective = outer
  if ms then
    local mine = self.world:now() + ms
    if not outer or mine < outer then
      effective = mine
    end
  end
  task.deadline = effective
  local mark = task.owned and #task.owned or 0
  return leave(self, task, outer, effective, mark, xpcall(fn, explain, a, b, c))
end

local function unwrap(ms, ok, ...)
  if ok then
    return ...
  end
  local problem = ...
  if problem == TIMEOUT then
    return nil, ("took longer than %g ms"):format(ms), "ETIMEOUT"
  end
  error(problem, 0)
end

--- Runs `fn(...)`: its results, or `nil, message, "ETIMEOUT"` after `ms`. Errors pass through.
---@param ms number
function methods:within(ms, fn, a, b, c)
  return unwrap(ms, self:attempt(ms, fn, a, b, c))
end

---------------------------------------------------------------- timers outside of tasks

local timer_mt = {
  __name = "mlxresolve.timer",
  __index = {
    fire = function(self, now)
      local ok, problem = xpcall(self.fn, explain, self.argument, now)
      if not ok then
        self.scheduler.on_error(false, problem)
      end
    end,
  },
}

--- Calls `fn(argument, now)` after `ms`, outside of any task.
---@return table timer  for `stop`
function methods:after(ms, fn, argument)
  local timer = setmetatable({
    scheduler = self,
    fn = fn,
    argument = argument,
    timer_at = false,
  }, timer_mt)
  self.timers:add(timer, self.world:now() + ms)
  if not self.in_turn then
    self.world:wake_at(self.timers:next())
  end
  return timer
end

---@param timer table
function methods:stop(timer)
  self.timers:remove(timer)
end

return scheduler
