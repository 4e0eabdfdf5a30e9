--- What the scheduler calls outside of tasks: at a time, and at the end of a turn.

local explain = require("mlxresolve.task").explain

---@class mlxresolve.Scheduler
local alarms = {}

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

--- Calls `fn(argument, now)` at `at`, or as soon as possible when that is past. `now` is not less
--- than `at`, as it can be by rounding when a difference of times is waited for.
---@param at number  ms
---@return table timer  for `stop`
function alarms:at(at, fn, argument)
  local timer = setmetatable({
    scheduler = self,
    fn = fn,
    argument = argument,
    timer_at = false,
  }, timer_mt)
  local now = self.world:now()
  self.timers:add(timer, math.max(at, now))
  if not self.in_turn then
    self:wake_host(now)
  end
  return timer
end

--- Calls `fn(argument, now)` after `ms`.
---@return table timer  for `stop`
function alarms:after(ms, fn, argument)
  return self:at(self.world:now() + ms, fn, argument)
end

---@param timer table
function alarms:stop(timer)
  self.timers:remove(timer)
end

--- Calls `fn(argument)` at the end of the present turn, or of the next, when all that could run has
--- run: for sending what came together.
---@param fn fun(argument: any)
function alarms:at_turn_end(fn, argument)
  local ends = self.turn_ends
  local count = #ends
  ends[count + 1], ends[count + 2] = fn, argument or false
  if not self.in_turn then
    self:wake_host(self.world:now())
  end
end

--- The scheduler's part of it.
function alarms:end_turn()
  local ends = self.turn_ends
  self.turn_ends = {}
  for i = 1, #ends, 2 do
    local ok, problem = xpcall(ends[i], explain, ends[i + 1])
    if not ok then
      self.on_error(false, problem)
    end
  end
end

return alarms
