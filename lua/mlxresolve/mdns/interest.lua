--- The names that somebody here cares for, and a glance at a packet that tells whether it
--- speaks of one of them. Most of what a busy link says concerns nobody here; the glance
--- walks the record headers, follows one pointer per record and allocates next to nothing,
--- so that decoding is spent on what is awaited or stored only.
---
--- Names are told apart by their first label alone. A compressed name still spells its first
--- label out, or points at where it is spelled, so nothing awaited can be missed; that a label
--- fits by chance costs a decoding.

local core = require("mlxresolve.core")

local byte, lower, sub = string.byte, string.lower, string.sub

---@class mlxresolve.mdns.Interest
---@field labels table<string, integer>  first label with its length byte -> how many care
local Interest = { __name = "mlxresolve.mdns.Interest" }
Interest.__index = Interest

local interest = {}

---@return mlxresolve.mdns.Interest
function interest.new()
  return setmetatable({ labels = {} }, Interest)
end

-- A chain of pointers longer than this is an attack, and nobody's answer.
local MAX_HOPS = 4
local HEADER = 12

local function label_of(name)
  local wire = core.name.to_wire(name)
  return wire and lower(sub(wire, 1, byte(wire) + 1))
end

--- Begins to care for a canonical name; calls nest.
---@param name string
function Interest:add(name)
  local label = label_of(name)
  if label then
    self.labels[label] = (self.labels[label] or 0) + 1
  end
end

---@param name string
function Interest:remove(name)
  local label = label_of(name)
  local count = label and self.labels[label]
  if count then
    self.labels[label] = count > 1 and count - 1 or nil
  end
end

--- Is this a response that RFC 6762 section 18 lets a querier read: QR set, opcode and rcode
--- zero?
---@param data string
---@return boolean
function interest.is_response(data)
  if #data < HEADER then
    return false
  end
  local high, low = byte(data, 3, 4)
  return high >= 0x80 and high % 0x80 < 0x08 and low % 0x10 == 0
end

--- Is this a query that a responder may answer: QR clear, opcode and rcode zero (section 18)?
---@param data string
---@return boolean
function interest.is_query(data)
  if #data < HEADER then
    return false
  end
  local high, low = byte(data, 3, 4)
  return high < 0x08 and low % 0x10 == 0
end

local function first_label(data, at)
  for _ = 1, MAX_HOPS do
    local length, low = byte(data, at, at + 1)
    if not length or not low then
      return nil
    end
    if length < 0xc0 then
      return lower(sub(data, at, at + length))
    end
    at = (length - 0xc0) * 256 + low + 1
  end
  return nil
end

local function behind_name(data, at)
  while true do
    local length = byte(data, at)
    if not length then
      return nil
    elseif length == 0 then
      return at + 1
    elseif length >= 0xc0 then
      return at + 2
    end
    at = at + 1 + length
  end
end

--- Does a question of this packet concern a name that somebody cares for, and are there any?
---@param data string
---@return boolean is_asked, boolean has_questions
function Interest:is_asked(data)
  local labels = self.labels
  local high, low = byte(data, 5, 6)
  local count = high * 256 + low
  local at = HEADER + 1
  for _ = 1, count do
    local label = first_label(data, at)
    if label and labels[label] then
      return true, true
    end
    at = behind_name(data, at)
    if not at then
      return false, true
    end
    at = at + 4
  end
  return false, count > 0
end

--- Does a record of this packet belong to a name that somebody cares for? Damaged packets
--- are nobody's.
---@param data string
---@return boolean
function Interest:is_in(data)
  local labels = self.labels
  if #data < HEADER or not next(labels) then
    return false
  end
  local q1, q2, a1, a2, n1, n2, r1, r2 = byte(data, 5, HEADER)
  local at = HEADER + 1
  for _ = 1, q1 * 256 + q2 do
    at = behind_name(data, at)
    if not at then
      return false
    end
    at = at + 4
  end
  for _ = 1, (a1 + n1 + r1) * 256 + a2 + n2 + r2 do
    local label = first_label(data, at)
    if label and labels[label] then
      return true
    end
    at = behind_name(data, at)
    local high, low = byte(data, (at or #data) + 8, (at or #data) + 9)
    if not low then
      return false
    end
    at = at + 10 + high * 256 + low
  end
  return false
end

return interest
