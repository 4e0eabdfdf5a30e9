--- The clock of a simulated world: what will happen, in order. What is due at the same moment
--- happens in the order in which it was planned.

local clock = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.clock", __index = methods }

---@class mlxresolve.SimClock
---@field time number   ms
---@field count integer events that are planned and not cancelled
---@param start number
---@return mlxresolve.SimClock
function clock.new(start)
  return setmetatable({ time = start, heap = {}, size = 0, order = 0, count = 0 }, mt)
end

local function is_before(a, b)
  return a.at < b.at or (a.at == b.at and a.order < b.order)
end

local function sift_up(heap, i)
  local event = heap[i]
  while i > 1 do
    local parent = math.floor(i / 2)
    if is_before(heap[parent], event) then
      break
    end
    heap[i] = heap[parent]
    i = parent
  end
  heap[i] = event
end

local function sift_down(heap, size)
  local event, i = heap[1], 1
  while true do
    local child = i * 2
    if child > size then
      break
    end
    if child < size and is_before(heap[child + 1], heap[child]) then
      child = child + 1
    end
    if is_before(event, heap[child]) then
      break
    end
    heap[i] = heap[child]
    i = child
  end
  heap[i] = event
end

local function pop(self)
  local heap = self.heap
  local first = heap[1]
  heap[1] = heap[self.size]
  heap[self.size] = nil
  self.size = self.size - 1
  if self.size > 1 then
    sift_down(heap, self.size)
  end
  return first
end

--- Plans `fn(a, b, c)` for the time `at`; a past one is now.
---@param at number  ms
---@return table event  for `cancel`
function methods:at(at, fn, a, b, c)
  self.order = self.order + 1
  local event = { at = math.max(at, self.time), order = self.order, fn = fn, a = a, b = b, c = c }
  self.size = self.size + 1
  self.count = self.count + 1
  self.heap[self.size] = event
  sift_up(self.heap, self.size)
  return event
end

--- Plans `fn(a, b, c)` for `ms` from now.
function methods:after(ms, fn, a, b, c)
  return self:at(self.time + ms, fn, a, b, c)
end

--- Takes a planned event back; one that has happened is left alone.
function methods:cancel(event)
  if event.fn then
    event.fn = false
    self.count = self.count - 1
  end
end

--- When something happens next, or nil.
---@return number|nil ms
function methods:next()
  while self.size > 0 and not self.heap[1].fn do
    pop(self)
  end
  return self.size > 0 and self.heap[1].at or nil
end

--- Lets what is next happen.
function methods:step()
  if not self:next() then
    return
  end
  local event = pop(self)
  local fn = event.fn
  event.fn = false
  self.count = self.count - 1
  self.time = event.at
  fn(event.a, event.b, event.c)
end

return clock
