--- Questions on their way out: those of one turn share packets.

local core = require("mlxresolve.core")

-- Names compress, but a packet of this size fits into any frame without counting on it
-- (RFC 6762 section 17).
local MAX_BYTES = 1200

local questions = {}

---@class mlxresolve.mdns.Outgoing
---@field lookup mlxresolve.mdns.Lookup
---@field name string
---@field types string[]
---@field scope mlxresolve.mdns.Scope
---@field mode "first"|"again"|"one_shot"
---@field link mlxresolve.mdns.Link|false  on this one only

local function key_of(item)
  return ("%s %s %s"):format(item.mode, item.scope.key, item.link and item.link.index or "")
end

local function size_of(item)
  return #item.types * (#item.name + 6)
end

--- Groups what may share a packet: same mode, interfaces and families, and small enough.
---@param outgoing mlxresolve.mdns.Outgoing[]
---@return mlxresolve.mdns.Outgoing[][]
function questions.batches(outgoing)
  local batches, open = {}, {}
  for _, item in ipairs(outgoing) do
    local key, size = key_of(item), size_of(item)
    local batch = open[key]
    if not batch or batch.bytes + size > MAX_BYTES then
      batch = { bytes = 0 }
      open[key] = batch
      batches[#batches + 1] = batch
    end
    batch[#batch + 1] = item
    batch.bytes = batch.bytes + size
  end
  return batches
end

local function encode(batch, unicast, id)
  local list = {}
  for _, item in ipairs(batch) do
    for _, type in ipairs(item.types) do
      list[#list + 1] = { name = item.name, type = type, class = "IN", unicast = unicast }
    end
  end
  return assert(core.wire.encode { id = id, questions = list })
end

local ENCODINGS = {
  unicast = function(self)
    return encode(self.batch, true, 0)
  end,
  multicast = function(self)
    return encode(self.batch, false, 0)
  end,
  one_shot = function(self)
    return encode(self.batch, false, self.id)
  end,
}

local packets_mt = {
  __name = "mlxresolve.mdns.Packets",
  __index = function(self, form)
    local packet = ENCODINGS[form](self)
    rawset(self, form, packet)
    return packet
  end,
}

--- The forms of a batch's packet, each made when it is used.
---@param batch mlxresolve.mdns.Outgoing[]
---@param id integer  of the one-shot form
---@return mlxresolve.mdns.Packets
function questions.packets(batch, id)
  return setmetatable({ batch = batch, id = id }, packets_mt)
end

return questions
