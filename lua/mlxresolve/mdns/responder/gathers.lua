--- Queries whose known answers come in several packets (RFC 6762 section 7.2).
---
--- What is held is our own candidates, from which each packet takes some away; so a flood of
--- such packets costs no memory. The answer leaves 500 ms after the first packet at the latest,
--- whatever TC bits follow.

local replies = require("mlxresolve.mdns.responder.replies")

local MAX = 16

---@class mlxresolve.mdns.Gathers
local Gathers = { __name = "mlxresolve.mdns.Gathers" }
Gathers.__index = Gathers

local gathers = {}

---@param scheduler mlxresolve.Scheduler
---@param interest mlxresolve.Interest  told when further packets are awaited
---@return mlxresolve.mdns.Gathers
function gathers.new(scheduler, interest)
  local self = { scheduler = scheduler, interest = interest, held = {}, count = 0 }
  return setmetatable(self, Gathers)
end

local function set_count(self, count)
  self.count = count
  self.interest:expect("owned", count > 0)
end

local function release(held)
  local self = held.gathers
  self.held[held.key] = nil
  set_count(self, self.count - 1)
  local now = self.scheduler:now()
  local delay = { due = now, earliest = now, is_defence = false }
  replies.post(held.view, held.out, held.list, held.message, held.asker, delay)
end

--- Holds the answers to a truncated query. False when there is no room: then they are not held.
---@param key string  who asks, and where
---@param query table  { view, out, list, message, asker }
---@param delay mlxresolve.mdns.Delay
---@return boolean
function Gathers:hold(key, query, delay)
  if self.count >= MAX or self.held[key] then
    return false
  end
  query.key, query.gathers = key, self
  self.held[key] = query
  set_count(self, self.count + 1)
  query.timer = self.scheduler:at(delay.due, release, query)
  return true
end

--- Takes out what a further packet of the same querier says that he knows.
---@param key string
---@param message mlxresolve.Message
function Gathers:more(key, message)
  local held = self.held[key]
  if held then
    replies.suppress(held.list, message)
  end
end

function Gathers:close()
  for _, held in pairs(self.held) do
    self.scheduler:stop(held.timer)
  end
  self.held = {}
  set_count(self, 0)
end

return gathers
