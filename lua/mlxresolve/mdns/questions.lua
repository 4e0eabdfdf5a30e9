--- Questions on their way out: those of one turn share packets.

local core = require("mlxresolve.core")

-- Names compress, but a packet of this size fits into any frame without counting on it
-- (RFC 6762 section 17).
local MAX_BYTES = 1200

local MDNS = { mdns = true }

local questions = {}

---@class mlxresolve.mdns.Outgoing
---@field asker mlxresolve.mdns.Lookup|mlxresolve.mdns.Watch
---@field name string
---@field types string[]
---@field scope mlxresolve.mdns.Scope
---@field mode "first"|"again"|"one_shot"
---@field since number  who else asked the same from this moment on has asked for us, ms
---@field link mlxresolve.mdns.Link|false  on this one only
---@field to string|false  this host alone
---@field part "leading"|"trailing"|false  of the families, see scopes.families

local function key_of(item)
  local link = item.link and item.link.index or ""
  return ("%s %s %s %s %s"):format(item.mode, item.scope.key, link, item.to or "", item.part or "")
end

local function size_of(item)
  return #item.types * (#item.name + 6)
end

--- Groups what may share a packet: same mode, interfaces and families, and small enough.
---@param outgoing mlxresolve.mdns.Outgoing[]
---@return mlxresolve.mdns.Outgoing[][]
function questions.batches(outgoing)
  if #outgoing == 1 then
    return { { outgoing[1], bytes = size_of(outgoing[1]) } }
  end
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

-- What a known answer takes at most, with its owner's name compressed.
local function size_of_answer(record)
  return 16 + #record.data
end

local function encode(batch, unicast, id, known, is_truncated)
  local list = {}
  for i = 1, #batch do
    local name, types = batch[i].name, batch[i].types
    for k = 1, #types do
      list[#list + 1] = { name = name, type = types[k], class = "IN", unicast = unicast }
    end
  end
  local message = { id = id, questions = list, answers = known, truncated = is_truncated }
  return assert(core.wire.encode(message, MDNS))
end

local packets_mt = {
  __name = "mlxresolve.mdns.Packets",
  __index = function(self, form)
    local packet
    if form == "one_shot" then
      -- Its answer comes to us alone, so it should be whole.
      packet = encode(self.batch, false, self.engine:one_shot())
    else
      packet = encode(self.batch, form == "unicast", 0, self.known[1], #self.known > 1)
    end
    self[form] = packet
    return packet
  end,
}

--- Known answers in the portions that fit into packets, the first beside the questions.
local function portions(batch, known)
  local list, portion, room = {}, {}, MAX_BYTES - batch.bytes
  for _, record in ipairs(known) do
    local size = size_of_answer(record)
    if size > room then
      list[#list + 1] = portion
      portion, room = {}, MAX_BYTES - #record.name
    end
    portion[#portion + 1] = record
    room = room - size
  end
  list[#list + 1] = portion
  return list
end

--- The forms of a batch's packet, each made when it is used.
---@param batch mlxresolve.mdns.Outgoing[]
---@param engine mlxresolve.mdns.Engine  has the ID of the one-shot form
---@param known mlxresolve.Record[]  answers that need not be given again (section 7.1)
---@return mlxresolve.mdns.Packets
function questions.packets(batch, engine, known)
  local known_portions = known[1] and portions(batch, known) or known
  return setmetatable({ batch = batch, engine = engine, known = known_portions }, packets_mt)
end

--- The packets that follow the first with the rest of the known answers (section 7.2): all but the
--- last say that more will come.
---@param packets mlxresolve.mdns.Packets
---@return string[]
function questions.rest(packets)
  local rest = {}
  for i = 2, #packets.known do
    rest[#rest + 1] = encode({}, false, 0, packets.known[i], i < #packets.known)
  end
  return rest
end

return questions
