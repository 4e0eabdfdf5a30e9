--- Packets of the responder: responses, goodbyes, probes and replies to legacy queriers, split
--- where they would not fit into one frame (RFC 6762 sections 17 and 18).

local core = require("mlxresolve.core")

local packets = {}

local HEADER = 12
-- IPv6 and UDP headers; what is left of the 9000 bytes that section 17 allows.
local OVERHEAD = 48
local MAX_FRAME = 9000
local MIN_FRAME = 576
-- To somebody who asks from a port of his own (section 6.7).
local LEGACY_TTL = 10
local LEGACY_BYTES = 512

--- The bytes that a message on this link may have.
---@param link mlxresolve.mdns.Link
---@return integer
function packets.room(link)
  local mtu = link.mtu and link.mtu > 0 and link.mtu or 1500
  return math.max(MIN_FRAME, math.min(mtu, MAX_FRAME)) - OVERHEAD
end

-- At most so long: a name that the packet spells already is a pointer.
local function size_of(record, spelled)
  local name = spelled[record.name] and 2 or #record.name + 1
  spelled[record.name] = true
  return name + 10 + #record.raw
end

local function to_wire(record, ttl)
  return {
    name = record.name,
    type = record.type,
    ttl = ttl or record.ttl,
    data = record.data,
    cache_flush = record.is_unique,
  }
end

local function encode(message)
  message.response, message.authoritative = true, true
  return assert(core.wire.encode(message, { mdns = true }))
end

--- Adds records to `section` while there is room; the position of the first that was left out.
local function fill(section, records, first, state, ttl)
  for i = first, #records do
    local spelled = setmetatable({}, { __index = state.spelled })
    local bytes = size_of(records[i], spelled)
    if state.bytes + bytes > state.room and state.bytes > HEADER then
      return i
    end
    state.spelled[records[i].name] = true
    state.bytes = state.bytes + bytes
    section[#section + 1] = to_wire(records[i], ttl)
  end
  return #records + 1
end

--- Responses with all the answers, in as few packets as the link's frames allow, and as many of
--- the additional records as fit into the last. `ttl` 0 says goodbye.
---@param link mlxresolve.mdns.Link
---@param answers mlxresolve.mdns.Published[]
---@param additionals mlxresolve.mdns.Published[]?
---@param ttl integer?
---@return string[]
function packets.responses(link, answers, additionals, ttl)
  local made, first = {}, 1
  while first <= #answers do
    local message = { answers = {}, additionals = {} }
    local state = { bytes = HEADER, room = packets.room(link), spelled = {} }
    first = fill(message.answers, answers, first, state, ttl)
    if first > #answers then
      fill(message.additionals, additionals or {}, 1, state)
    end
    made[#made + 1] = encode(message)
  end
  return made
end

---@class mlxresolve.mdns.Proposal
---@field names string[]  as spelled
---@field records mlxresolve.mdns.Published[]

local function proposal_size(proposal)
  local bytes, spelled = 0, {}
  for _, name in ipairs(proposal.names) do
    bytes = bytes + #name + 5
    spelled[name] = true
  end
  for _, record in ipairs(proposal.records) do
    bytes = bytes + size_of(record, spelled)
  end
  return bytes
end

local function encode_probe(batch, asks_unicast)
  local message = { questions = {}, authorities = {} }
  for _, proposal in ipairs(batch) do
    for _, name in ipairs(proposal.names) do
      table.insert(
        message.questions,
        { name = name, type = "ANY", class = "IN", unicast = asks_unicast }
      )
    end
    for _, record in ipairs(proposal.records) do
      local proposed = to_wire(record)
      proposed.cache_flush = false
      table.insert(message.authorities, proposed)
    end
  end
  return assert(core.wire.encode(message, { mdns = true }))
end

--- Probes: a question for any record of each name, what is proposed in the authority section
--- (section 8.1).
---@param link mlxresolve.mdns.Link
---@param proposals mlxresolve.mdns.Proposal[]
---@param asks_unicast boolean
---@return string[]
function packets.probes(link, proposals, asks_unicast)
  local made, batch, bytes, room = {}, {}, HEADER, packets.room(link)
  for _, proposal in ipairs(proposals) do
    local size = proposal_size(proposal)
    if bytes + size > room and #batch > 0 then
      made[#made + 1] = encode_probe(batch, asks_unicast)
      batch, bytes = {}, HEADER
    end
    batch[#batch + 1] = proposal
    bytes = bytes + size
  end
  if #batch > 0 then
    made[#made + 1] = encode_probe(batch, asks_unicast)
  end
  return made
end

local function for_legacy(records)
  local list = {}
  for i, record in ipairs(records) do
    list[i] = to_wire(record, math.min(record.ttl, LEGACY_TTL))
    list[i].cache_flush = false
  end
  return list
end

-- The question as the querier spelled it, for those who compare the case of letters too.
local function respell(packet, query, data)
  if #query.questions ~= 1 then
    return packet
  end
  local length = #core.name.to_wire(query.questions[1].name)
  return packet:sub(1, HEADER)
    .. data:sub(HEADER + 1, HEADER + length)
    .. packet:sub(HEADER + length + 1)
end

--- The reply to a querier that knows DNS only: its ID and question, short times to live, no
--- cache-flush bits, and TC when 512 bytes do not hold it (section 6.7).
---@param query mlxresolve.Message
---@param data string  the query as it came
---@param answers mlxresolve.mdns.Published[]
---@param additionals mlxresolve.mdns.Published[]
---@return string
function packets.legacy(query, data, answers, additionals)
  local questions = {}
  for i, question in ipairs(query.questions) do
    questions[i] = { name = question.name, type = question.type, class = question.class }
  end
  local message = {
    id = query.id,
    response = true,
    authoritative = true,
    questions = questions,
    answers = for_legacy(answers),
    additionals = for_legacy(additionals),
  }
  local max = query.edns and query.edns.udp_size or LEGACY_BYTES
  local packet = assert(core.wire.encode(message))
  if #packet > max then
    message.additionals = {}
    packet = assert(core.wire.encode(message, { max = max }))
  end
  return respell(packet, query, data)
end

return packets
