--- One task: a pooled coroutine and what it waits for.
---
--- A task is also a *waiter*: who completes its operation calls `task:wake(a, b, c, d)`.
--- A wait ends in one of three ways: it is woken; its deadline passes (raises TIMEOUT); the
--- task is cancelled (raises CANCELLED). In the last two the operation's cancel function has
--- been called, so that nobody wakes the task for it later.

local stop_mt = {
  __name = "mlxresolve.stop",
  __tostring = function(self)
    return self.message
  end,
}

local task = {
  --- Raised in the waits of a cancelled task.
  CANCELLED = setmetatable({ code = "ECANCELED", message = "cancelled" }, stop_mt),
  --- Raised in the waits of a task whose deadline has passed.
  TIMEOUT = setmetatable({ code = "ETIMEOUT", message = "timed out" }, stop_mt),
}

local methods = {}
local mt = { __name = "mlxresolve.task", __index = methods }

--- Is this what cancellation or a deadline raised, rather than an error?
---@return boolean
function task.is_stop(problem)
  return getmetatable(problem) == stop_mt
end

--- A message handler: keeps the traceback of a genuine error; stops pass as they are.
function task.explain(problem)
  if task.is_stop(problem) then
    return problem
  end
  return debug.traceback(tostring(problem), 2)
end

--- Makes a task around a coroutine. Its shape is fixed: an empty field is false, not nil.
---@param scheduler mlxresolve.Scheduler
---@param co thread
---@return mlxresolve.Task
function task.new(scheduler, co)
  return setmetatable({
    scheduler = scheduler,
    co = co,
    generation = 0,
    ended = true,
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
    parent = false,
    opening = false,
    trying = false,
    note = false,
    position = 0,
    timer_at = false,
    timer_next = false,
    timer_previous = false,
    timer_order = 0,
  }, mt)
end

--- Makes a task that has ended as one that is new.
function task.clear(self)
  self.generation, self.ended = self.generation + 1, true
  self.cancelled, self.deadline, self.raise = false, false, false
  self.fn, self.a, self.b, self.c, self.d = false, false, false, false, false
  self.on_end, self.on_end_object = false, false
  self.flight, self.instance, self.opening, self.position = false, false, false, 0
  self.parent, self.trying, self.note = false, false, false
end

local function stop_waiting(self)
  self.waiting = false
  self.scheduler.timers:remove(self)
  local cancel, object, argument = self.cancel, self.cancel_object, self.cancel_argument
  self.cancel, self.cancel_object, self.cancel_argument = false, false, false
  return cancel, object, argument
end

--- Ends the wait of a task otherwise than by waking it: the operation is cancelled, and `reason` is
--- raised in the task, or the wait returns nothing.
---@param reason table|false
function methods:interrupt(reason)
  local cancel, object, argument = stop_waiting(self)
  if cancel then
    cancel(object, argument)
  end
  self.raise = reason
  self.a, self.b, self.c, self.d = nil, nil, nil, nil
  self.scheduler:enqueue(self)
end

--- The timer of a wait: its own end, or the task's deadline.
function methods:fire(now)
  self:interrupt(self.deadline and now >= self.deadline and task.TIMEOUT)
end

--- Ends the task's wait, which returns the four values. Ignored when it does not wait.
function methods:wake(a, b, c, d)
  if not self.waiting then
    return
  end
  stop_waiting(self)
  self.a, self.b, self.c, self.d = a, b, c, d
  self.scheduler:enqueue(self)
end

local handle_mt = {
  __name = "mlxresolve.task_handle",
  __index = {
    close = function(self)
      if self.task.generation == self.generation then
        self.task.scheduler:cancel(self.task)
      end
    end,
    is_over = function(self)
      return self.task.generation ~= self.generation
    end,
  },
}

--- A reference that stays harmless after the task has ended; `handle:close()` cancels.
---@param of mlxresolve.Task
function task.handle(of)
  return setmetatable({ task = of, generation = of.generation }, handle_mt)
end

return task
