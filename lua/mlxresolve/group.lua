--- Several functions side by side, for a task that waits for them: race and all.

local is_stop = require("mlxresolve.scheduler").is_stop

local group = {}

--- What a child that did not end well says: message, code.
local function describe(state, child, problem)
  if is_stop(problem) then
    return problem.message, problem.code
  end
  state.scheduler.on_error(child, problem)
  return tostring(problem), "EPLUGIN"
end

local function new_state(scheduler, functions, after)
  local task = scheduler:current()
  if not task then
    error("side by side is possible inside a task only", 3)
  end
  return {
    scheduler = scheduler,
    functions = functions,
    after = after,
    waiter = task,
    children = {},
    left = 0,
    started = 0,
    timer = false,
    is_over = false,
    results = {},
  }
end

local function start_child(state, on_end)
  local scheduler, parent = state.scheduler, state.waiter
  local index = state.started + 1
  state.started = index
  state.left = state.left + 1
  local child = scheduler:spawn(state.functions[index])
  child.deadline, child.flight = state.deadline, parent.flight
  child.instance, child.position, child.parent = parent.instance, parent.position, parent
  child.on_end, child.on_end_object = on_end, { state = state, index = index }
  state.children[index] = child
end

local function give_up(state)
  state.is_over = true
  if state.timer then
    state.scheduler:stop(state.timer)
    state.timer = false
  end
  for _, child in pairs(state.children) do
    state.scheduler:cancel(child)
  end
end

local start_next

local function on_racer_end(entry, child, ok, value, message, code)
  local state = entry.state
  state.children[entry.index] = nil
  state.left = state.left - 1
  if state.is_over then
    return
  end
  if not ok then
    message, code = describe(state, child, value)
    value = nil
  end
  if value then
    state.is_over = true
    state.waiter:wake(true, value, message, code)
    return
  end
  state.message, state.code = message or state.message, code or state.code
  if state.started < #state.functions then
    start_next(state)
  elseif state.left == 0 then
    state.is_over = true
    state.waiter:wake(false, state.message, state.code)
  end
end

function start_next(state)
  if state.timer then
    state.scheduler:stop(state.timer)
    state.timer = false
  end
  repeat
    start_child(state, on_racer_end)
  until state.after or state.started == #state.functions
  if state.started < #state.functions then
    state.timer = state.scheduler:after(state.after, start_next, state)
  end
end

--- Runs functions side by side; the first that returns a true value wins and the others are
--- cancelled. With `after` (ms) each starts that much after the one before, or as soon as one
--- has failed.
---@param scheduler mlxresolve.Scheduler
---@param functions function[]
---@param after number?
---@return any value, any ...  or nil, message, code of the last that failed
function group.race(scheduler, functions, after)
  if #functions == 0 then
    return nil, "nothing to run", "EINVAL"
  end
  local state = new_state(scheduler, functions, after)
  state.deadline = state.waiter.deadline
  start_next(state)
  local won, a, b, c = scheduler:wait(give_up, state)
  give_up(state)
  if won then
    return a, b, c
  end
  return nil, a, b
end

local function on_member_end(entry, child, ok, ...)
  local state = entry.state
  state.children[entry.index] = nil
  state.left = state.left - 1
  if ok then
    state.results[entry.index] = { n = select("#", ...), ... }
  elseif not state.is_over then
    local message, code = describe(state, child, (...))
    state.results[entry.index] = { n = 3, nil, message, code }
  end
  if state.left == 0 and not state.is_over then
    state.is_over = true
    state.waiter:wake()
  end
end

--- Runs functions side by side to their ends.
---@param scheduler mlxresolve.Scheduler
---@param functions function[]
---@return table[] results  in the functions' order, each packed with `n`
function group.all(scheduler, functions)
  if #functions == 0 then
    return {}
  end
  local state = new_state(scheduler, functions, false)
  state.deadline = state.waiter.deadline
  for _ = 1, #functions do
    start_child(state, on_member_end)
  end
  scheduler:wait(give_up, state)
  return state.results
end

return group
