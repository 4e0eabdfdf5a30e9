--- The mDNS responder of a simulated host: answers as RFC 6762 has it and as its kind does. What
--- it says: records.lua; how it comes by its name: claims.lua.

local claims = require("mlxresolve.world.sim.claims")
local kinds = require("mlxresolve.world.sim.kinds")
local reach = require("mlxresolve.world.sim.reach")
local records = require("mlxresolve.world.sim.records")
local voice = require("mlxresolve.world.sim.voice")

local DEFENCE = 250 -- ms within which a name is not defended twice (section 6)
local LEGACY_TTL = 10 -- s, section 6.7
local DELAY = 3 -- ms, at most, of an answer that is nobody else's
local SHARED_DELAY = { 20, 120 } -- ms, of what others may say too (section 6)

local responder = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.responder", __index = methods }

for name, fn in pairs(claims) do
  methods[name] = fn
end

---@class mlxresolve.SimResponder
---@field label string          that it wants
---@field claimed string|false  the label that it holds
---@field on_name (fun())|false told when that changes
---@param world mlxresolve.SimWorld
---@param host mlxresolve.SimHost
---@param kind "avahi"|"apple"
---@param fields { label: string?, ttl: integer?, services: table[]?, is_new: boolean? }?
--- `is_new`: it has no name yet
---@return mlxresolve.SimResponder
function responder.new(world, host, kind, fields)
  fields = fields or {}
  local label = (fields.label or host.name):lower()
  local self = setmetatable({
    world = world,
    net = world.net,
    chance = world.net.chance,
    clock = world.clock,
    host = host,
    kind = kinds[kind],
    label = label,
    records = records.new(kinds[kind], label, fields),
    claimed = not fields.is_new and label,
    on_name = false,
    places = {},
    waiting = {}, -- address → a query that may be followed by more known answers
  }, mt)
  for _, interface in ipairs(host.interfaces) do
    self:place(interface).is_ready = not fields.is_new
  end
  return self
end

--- What is known of one interface.
---@return { is_ready: boolean, is_probing: boolean, round: integer, conflicts: integer,
--- said: table<string, number> }
function methods:place(interface)
  local place = self.places[interface.index]
  if not place then
    place = { is_ready = false, is_probing = false, round = 0, conflicts = 0, said = {} }
    self.places[interface.index] = place
  end
  return place
end

---------------------------------------------------------------- what was said lately

local function key_of(transport, record)
  return ("%s %s %s %s"):format(transport, record.name, record.type, record.data)
end

--- Notes what goes to the group.
function methods:note_said(interface, transport, list)
  local said = self:place(interface).said
  for _, record in ipairs(list) do
    said[key_of(transport, record)] = self.clock.time
  end
end

local function age_of(self, interface, transport, record)
  local at = self:place(interface).said[key_of(transport, record)]
  return at and self.clock.time - at or math.huge
end

-- Has the group heard all of it within a quarter of its time to live (section 5.4)?
local function is_fresh(self, interface, transport, list)
  for _, record in ipairs(list) do
    if age_of(self, interface, transport, record) >= record.ttl * 1000 / 4 then
      return false
    end
  end
  return true
end

local function not_just_said(self, interface, transport, list, within)
  local left = {}
  for _, record in ipairs(list) do
    if age_of(self, interface, transport, record) >= within then
      left[#left + 1] = record
    end
  end
  return left
end

---------------------------------------------------------------- answering

local function is_known(self, record, known)
  for _, other in ipairs(known) do
    local is_same = other.name == record.name
      and other.type == record.type
      and other.data == record.data
    if is_same and not (self.kind.heeds_ttl and other.ttl < record.ttl / 2) then
      return true
    end
  end
  return false
end

local function not_known(self, list, known)
  local left = {}
  for _, record in ipairs(list) do
    if not is_known(self, record, known) then
      left[#left + 1] = record
    end
  end
  return left
end

local function answer_one_shot(self, interface, heard, query, found)
  local message = voice.response(found.answers, found.additionals)
  message.id, message.questions = query.id, query.questions
  for _, record in ipairs(found.answers) do
    record.ttl, record.cache_flush = math.min(record.ttl, LEGACY_TTL), false
  end
  voice.unicast(self, interface, heard.datagram, heard.from, message)
end

-- To him who asks, if he wants it and the group knows it; else to the group.
local function answer(self, interface, heard, query, known)
  local transport = voice.transport(heard.datagram.from)
  local found = self.records:answer(interface, transport, query.questions)
  if not found then
    return
  elseif heard.datagram.port ~= 5353 then
    return answer_one_shot(self, interface, heard, query, found)
  end
  local list = not_known(self, found.answers, known)
  if #list == 0 then
    return
  end
  local is_direct = heard.datagram.to ~= voice.GROUPS[transport] -- section 5.5
  local wants_unicast = query.questions[1].unicast
  if is_direct or (wants_unicast and is_fresh(self, interface, transport, list)) then
    local message = voice.response(list, found.additionals)
    return voice.unicast(self, interface, heard.datagram, heard.from, message)
  end
  local within = #query.authorities > 0 and DEFENCE or self.kind.again
  list = not_just_said(self, interface, transport, list, within)
  if #list > 0 then
    self:note_said(interface, transport, list)
    voice.multicast(self, interface, transport, voice.response(list, found.additionals))
  end
end

local function between(self, range)
  return range[1] + self.chance:draw() * (range[2] - range[1])
end

-- Answers later; known answers of packets that follow count as well (section 7.2).
local function answer_later(self, interface, heard, query)
  local transport = voice.transport(heard.datagram.from)
  local found = self.records:answer(interface, transport, query.questions)
  if not found then
    return
  end
  local known = { unpack(query.answers) }
  local delay = found.is_shared and between(self, SHARED_DELAY) or self.chance:draw() * DELAY
  if query.truncated then
    delay = between(self, self.kind.patience)
    self.waiting[heard.datagram.from] = known
  end
  self.clock:after(delay, function()
    if self.waiting[heard.datagram.from] == known then
      self.waiting[heard.datagram.from] = nil
    end
    if self:place(interface).is_ready and reach.is_awake(self.host) then
      answer(self, interface, heard, query, known)
    end
  end)
end

--- A datagram came in on one of the host's interfaces.
---@param interface mlxresolve.SimInterface
---@param datagram table
---@param from mlxresolve.SimInterface
function methods:hear(interface, datagram, from)
  local message = datagram.to_port == 5353 and voice.message(datagram)
  if not message then
    return
  elseif message.response then
    return self:hear_response(interface, message)
  end
  local waiting = self.waiting[datagram.from]
  for _, record in ipairs(waiting and message.answers or {}) do
    waiting[#waiting + 1] = record
  end
  if #message.authorities > 0 then
    self:hear_probe(interface, message, voice.transport(datagram.from))
  end
  if self:place(interface).is_ready then
    answer_later(self, interface, { datagram = datagram, from = from }, message)
  end
end

return responder
