--- Attempts: a part of a task with a deadline of its own, that closes what it opened.

local tasks = require("mlxresolve.task")

local TIMEOUT, is_stop, explain = tasks.TIMEOUT, tasks.is_stop, tasks.explain

---@class mlxresolve.Scheduler
local scope = {}

--- Makes the running task close `resource` when it, or the present `attempt`, ends.
---@param resource { close: fun(self) }
function scope:own(resource)
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
function scope:close_owned(task, mark)
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

--- Narrows the task's deadline; the one that holds now.
local function narrow(self, task, ms)
  local outer, mine = task.deadline, self.turn_time + ms
  if not outer or mine < outer then
    task.deadline = mine
  end
  return task.deadline
end

local function fail(problem, outer, effective)
  if is_stop(problem) and not (problem == TIMEOUT and effective ~= outer) then
    error(problem, 0) -- the whole task is to end
  end
  return false, problem
end

local function leave(self, task, outer, effective, mark, ok, ...)
  task.deadline = outer
  self:close_owned(task, mark)
  if ok then
    return true, ...
  end
  return fail((...), outer, effective)
end

--- Runs `fn(a, b, c, d)` in the running task, at most `ms` long. Returns true and its results;
--- false and TIMEOUT; or false and an error with its traceback. What it opened is closed. The
--- end of the task itself passes through.
---@param ms number|false
---@return boolean ok, any ...
function scope:attempt(ms, fn, a, b, c, d)
  local task = self.running
  local outer, mark = task.deadline, task.owned and #task.owned or 0
  local effective = ms and narrow(self, task, ms) or outer
  return leave(self, task, outer, effective, mark, xpcall(fn, explain, a, b, c, d))
end

--- The same for functions with four results at most, as those of plugins are: their number being
--- known saves some of what every try of every question costs.
---@param ms number|false
---@return boolean ok, any r1, any r2, any r3, any r4
function scope:call(ms, fn, a, b, c, d)
  local task = self.running
  local outer, mark = task.deadline, task.owned and #task.owned or 0
  local effective = ms and narrow(self, task, ms) or outer
  local ok, r1, r2, r3, r4 = xpcall(fn, explain, a, b, c, d)
  task.deadline = outer
  if task.owned then
    self:close_owned(task, mark)
  end
  if ok then
    return true, r1, r2, r3, r4
  end
  return fail(r1, outer, effective)
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

--- Runs `fn(a, b, c, d)`: its results, or `nil, message, "ETIMEOUT"` after `ms`. Errors pass
--- through.
---@param ms number
function scope:within(ms, fn, a, b, c, d)
  return unwrap(ms, self:attempt(ms, fn, a, b, c, d))
end

return scope
