--- What a strategy gives back: a canonical answer packet and what is known about it.

local core = require("mlxresolve.core")
local pool = require("mlxresolve.pool")

local answer = {}
local methods = {}
local mt = { __name = "mlxresolve.answer", __index = methods }

local spare = pool.new()

local function new_table()
  return setmetatable({
    packet = false,
    status = false,
    ttl = 0,
    name = false,
    interface = false,
    strategy = false,
    step = false,
    is_stale = false,
    is_suspect = false,
  }, mt)
end

--- Wraps a canonical answer packet (core/answer.h).
---@param packet string
---@param status "answer"|"nodata"|"nxdomain"
---@param ttl integer  s
---@param name string  whom it is for, canonical
---@return mlxresolve.Answer
function answer.new(packet, status, ttl, name)
  local self = pool.take(spare) or new_table()
  self.packet, self.status, self.ttl, self.name = packet, status, ttl, name
  self.interface, self.strategy, self.step = false, false, false
  self.is_stale, self.is_suspect = false, false
  return self
end

--- Takes an answer back that nobody has any more.
---@param used mlxresolve.Answer
function answer.recycle(used)
  used.packet, used.step = false, false
  pool.give(spare, used)
end

--- Reads a canonical packet; nil, message, code when it is none.
---@param packet string
---@return mlxresolve.Answer|nil, string? message, string? code
function answer.read(packet)
  local status, ttl, name = core.answer.read(packet)
  if not status then
    return nil, ttl, name
  end
  return answer.new(packet, status, ttl, name)
end

--- Is it an answer made by this module?
---@return boolean
function answer.is_answer(value)
  return getmetatable(value) == mt
end

--- rdata texts of the RRset that was asked for, in order: {} for a denial.
---@return string[]
function methods:data()
  return (core.answer.data(self.packet)) or {}
end

---@return boolean
function methods:is_denial()
  return self.status ~= "answer"
end

--- A copy with another packet; who said it and where stays.
local function derive(self, packet, status, name)
  local copy = answer.new(packet, status, self.ttl, name)
  copy.interface, copy.strategy, copy.step = self.interface, self.strategy, self.step
  copy.is_stale, copy.is_suspect = self.is_stale, self.is_suspect
  return copy
end

--- The same answer for another owner, with a CNAME in front.
---@param owner string
---@return mlxresolve.Answer|nil, string? message, string? code
function methods:alias(owner)
  local packet, message, code = core.answer.alias(self.packet, owner, self.ttl)
  if not packet then
    return nil, message, code
  end
  return derive(self, packet, self.status, owner)
end

--- The records in another order; left out means dropped.
---@param order integer[]  one-based
---@return mlxresolve.Answer|nil, string? message, string? code
function methods:reorder(order)
  local packet, message, code = core.answer.reorder(self.packet, order)
  if not packet then
    return nil, message, code
  end
  return derive(self, packet, #order > 0 and self.status or "nodata", self.name)
end

return answer
