--- What the sweeps of one resolver share: whose turn it is, when the next knock may leave, when
--- each address was knocked at last, and which sweeps have failed lately.

local MIN_PAUSE = 60e3 -- ms between two sweeps for one thing

local gate = {}
local methods = {}
local mt = { __name = "mlxresolve.sweep.gate", __index = methods }

---@return mlxresolve.sweep.Gate
function gate.new()
  return setmetatable({
    is_taken = false,
    queue = {},
    next_at = 0,
    knocked = {},
    failed = {},
  }, mt)
end

---------------------------------------------------------------- one at a time

local function leave_queue(self, task)
  for i, other in ipairs(self.queue) do
    if other == task then
      table.remove(self.queue, i)
      return
    end
  end
end

-- The turn passes from one to the next without being free in between.
local function give_turn(self)
  local following = table.remove(self.queue, 1)
  if following then
    following:wake()
  else
    self.is_taken = false
  end
end

--- Waits for the running task's turn, which lasts until its present attempt ends.
---@param scheduler mlxresolve.Scheduler
function methods:take_turn(scheduler)
  if self.is_taken then
    local task = scheduler.running
    self.queue[#self.queue + 1] = task
    scheduler:wait(leave_queue, self, task)
  end
  self.is_taken = true
  scheduler:own {
    close = function()
      give_turn(self)
    end,
  }
end

---------------------------------------------------------------- knocks

--- Waits until a knock may leave, and counts it.
---@param scheduler mlxresolve.Scheduler
---@param address string
---@param rate number  a second
function methods:pace(scheduler, address, rate)
  local now = scheduler:now()
  if now < self.next_at then
    scheduler:sleep(self.next_at - now)
    now = scheduler:now()
  end
  self.next_at = now + 1000 / rate
  self.knocked[address] = now
end

--- In random order, those first that have not been knocked at for longest: a sweep that was cut off
--- is continued by the next.
---@param world mlxresolve.World
---@param list mlxresolve.sweep.Target[]
function methods:order(world, list)
  local known, chance = {}, {}
  for _, target in ipairs(list) do
    known[target.address] = self.knocked[target.address]
    chance[target] = world:random()
  end
  self.knocked = known
  table.sort(list, function(a, b)
    local at_a, at_b = known[a.address] or 0, known[b.address] or 0
    if at_a ~= at_b then
      return at_a < at_b
    end
    return chance[a] < chance[b]
  end)
  return list
end

---------------------------------------------------------------- pauses

--- How a sweep for `key` went that began less than `pause` ms ago; nil when there was none.
---@return string|nil message, string? code
function methods:last_failure(key, now, pause)
  local last = self.failed[key]
  pause = math.max(pause or 0, MIN_PAUSE)
  local ago = last and now - last.at
  if not last or ago >= pause then
    return nil
  end
  local text = "%s (%d s ago, again in %d s)"
  return text:format(last.message, ago / 1000, math.ceil((pause - ago) / 1000)), last.code
end

--- A sweep begins; until told otherwise it was broken off. Returns its entry.
function methods:note_start(key, now, pause)
  for other, entry in pairs(self.failed) do
    if now - entry.at >= entry.pause then
      self.failed[other] = nil
    end
  end
  local entry = { at = now, message = "the scan was broken off", code = "EAGAIN" }
  entry.pause = math.max(pause or 0, MIN_PAUSE)
  self.failed[key] = entry
  return entry
end

return gate
