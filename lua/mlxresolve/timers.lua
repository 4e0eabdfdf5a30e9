--- Deadlines: a hashed timing wheel whose nodes are the owners' own tables.
---
--- Nearly every timer of a resolver is removed before it fires, so adding and removing
--- cost a few stores and no memory; finding the next one costs a scan, which is done only
--- when the host is about to sleep past the last known one. A node is any table; the wheel
--- uses its fields `timer_at`, `timer_next`, `timer_previous`, `timer_order` and calls
--- `node:fire(now)`.

local floor, max = math.floor, math.max

local SLOTS = 1024 -- of one millisecond; later deadlines share slots with nearer ones
local UNKNOWN = -math.huge

local timers = {}
local methods = {}
local mt = { __name = "mlxresolve.timers", __index = methods }

---@class mlxresolve.Timers
---@param now number  ms
---@return mlxresolve.Timers
function timers.new(now)
  local self = { slots = {}, count = 0, tick = floor(now), earliest = math.huge, order = 0 }
  for i = 0, SLOTS - 1 do
    self.slots[i] = false -- made when it is first needed: not everybody waits
  end
  return setmetatable(self, mt)
end

local function new_slot(self, index)
  local head = { timer_at = false }
  head.timer_next, head.timer_previous = head, head
  self.slots[index] = head
  return head
end

--- Adds a node, or moves it when it is in the wheel already.
---@param node table
---@param at number  ms; a past deadline fires at the next `expire`
function methods:add(node, at)
  if node.timer_at then
    self:remove(node)
  end
  local index = max(floor(at), self.tick + 1) % SLOTS
  local head = self.slots[index] or new_slot(self, index)
  local last = head.timer_previous
  self.order = self.order + 1
  node.timer_at, node.timer_order = at, self.order
  node.timer_next, node.timer_previous = head, last
  last.timer_next, head.timer_previous = node, node
  self.count = self.count + 1
  if at < self.earliest then
    self.earliest = at
  end
end

--- Takes a node out; nothing happens when it is not in.
---@param node table
function methods:remove(node)
  if not node.timer_at then
    return
  end
  local following, previous = node.timer_next, node.timer_previous
  previous.timer_next, following.timer_previous = following, previous
  node.timer_at, node.timer_next, node.timer_previous = false, false, false
  self.count = self.count - 1
end

local function by_deadline(a, b)
  if a.timer_at ~= b.timer_at then
    return a.timer_at < b.timer_at
  end
  return a.timer_order < b.timer_order
end

--- The nodes that are due, in the order of their deadlines. The slot after the last tick is
--- looked at too: that is where deadlines go that were past when they were added.
local function due_nodes(self, now)
  local due = {}
  local last = floor(now) + 1
  for tick = max(self.tick, last - SLOTS + 1), last do
    local head = self.slots[tick % SLOTS]
    local node = head and head.timer_next
    while node ~= head do
      if node.timer_at <= now then
        due[#due + 1] = node
      end
      node = node.timer_next
    end
  end
  table.sort(due, by_deadline)
  return due
end

--- Fires what is due. Nodes that are removed meanwhile do not fire.
---@param now number
function methods:expire(now)
  if self.count == 0 or now < self.earliest then
    self.tick = max(self.tick, floor(now))
    return
  end
  local due = due_nodes(self, now)
  self.tick = max(self.tick, floor(now))
  self.earliest = UNKNOWN
  for i = 1, #due do
    local node = due[i]
    if node.timer_at and node.timer_at <= now then
      self:remove(node)
      node:fire(now)
    end
  end
end

local function find_earliest(self)
  local best = math.huge
  for offset = 0, SLOTS - 1 do
    local tick = self.tick + offset
    local head = self.slots[tick % SLOTS]
    local node = head and head.timer_next
    while node ~= head do
      if node.timer_at < best then
        best = node.timer_at
      end
      node = node.timer_next
    end
    -- all slots behind this one hold later deadlines
    if offset > 0 and best < tick + 1 then
      break
    end
  end
  return best
end

--- The next deadline, or nil. Never late; early by what was removed since it was found.
---@return number?
function methods:next()
  if self.count == 0 then
    self.earliest = math.huge
    return nil
  end
  if self.earliest == UNKNOWN then
    self.earliest = find_earliest(self)
  end
  return self.earliest
end

return timers
