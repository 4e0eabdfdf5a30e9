--- The mDNS responder of a simulated host: answers, probes, announces and says goodbye as RFC 6762
--- has it. What it says: records.lua.

local core = require("mlxresolve.core")
local network = require("mlxresolve.world.sim.network")
local records = require("mlxresolve.world.sim.records")

local PROBES, PROBE_GAP = 3, 250 -- section 8.1; ms
local ANNOUNCE_GAP = 1000 -- section 8.3
local AGAIN = 1000 -- no record is multicast more often, section 6
local LEGACY_TTL = 10 -- section 6.7
local DELAY = 5 -- ms, at most

local GROUPS = { ipv4 = "224.0.0.251", ipv6 = "ff02::fb" }
local ALL = { A = true, AAAA = true }

local responder = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.responder", __index = methods }

---@class mlxresolve.SimResponder
---@param world mlxresolve.SimWorld
---@param host mlxresolve.SimHost
---@param kind "avahi"|"apple"
---@param ttl integer?  s; that of the kind when absent
---@return mlxresolve.SimResponder
function responder.new(world, host, kind, ttl)
  local self = setmetatable({
    world = world,
    net = world.net,
    chance = world.net.chance,
    clock = world.clock,
    host = host,
    records = records.new(host, kind, ttl),
    places = {}, -- by index: { is_ready, round, said = { transport → time } }
  }, mt)
  for _, interface in ipairs(host.interfaces) do
    self:place(interface).is_ready = true
  end
  return self
end

--- What is known of one interface.
function methods:place(interface)
  local place = self.places[interface.index]
  if not place then
    place = { is_ready = false, round = 0, said = {} }
    self.places[interface.index] = place
  end
  return place
end

---------------------------------------------------------------- sending

local function source_of(interface, transport)
  for _, entry in ipairs(interface.addresses) do
    if entry.family == transport and (transport == "ipv4" or entry.is_link_local) then
      return entry.address
    end
  end
end

local function hear(world, datagram, heard, from)
  if heard.host.is_machine then
    world:hear(heard, datagram)
  elseif heard.host.responder then
    heard.host.responder:hear(heard, datagram, from)
  end
end

local function multicast(self, interface, transport, message)
  local source = source_of(interface, transport)
  if not source or not network.is_awake(self.host) or not interface.is_up then
    return
  end
  local to = GROUPS[transport]
  local data = assert(core.wire.encode(message, { mdns = true }))
  local datagram = { data = data, from = source, port = 5353, to = to, to_port = 5353 }
  self.net:note_packet(self.host, interface.link, to, data)
  for _, other in ipairs(interface.link.members) do
    if other ~= interface then
      self.net:carry(interface, other, function(heard)
        hear(self.world, datagram, heard, interface)
      end)
    end
  end
end

local function unicast(self, interface, asked, from, message)
  local transport = asked.from:find(":", 1, true) and "ipv6" or "ipv4"
  local source = source_of(interface, transport)
  if not source then
    return
  end
  local data = assert(core.wire.encode(message, { mdns = true }))
  local datagram =
    { data = data, from = source, port = 5353, to = asked.from, to_port = asked.port }
  self.net:note_packet(self.host, interface.link, asked.from, data)
  self.net:carry(interface, from, function(heard)
    hear(self.world, datagram, heard, interface)
  end)
end

local function response(answers)
  return { response = true, authoritative = true, answers = answers, questions = {} }
end

---------------------------------------------------------------- answering

-- To the group at most once a second; to him who asks, if he wants it and the group has heard it
-- within a quarter of its time to live (section 5.4).
local function answer(self, interface, datagram, from, query, wants)
  local transport = datagram.from:find(":", 1, true) and "ipv6" or "ipv4"
  local found, denial = self.records:of(interface, transport, wants)
  if #found == 0 and not denial then
    return
  end
  local message = response(found)
  if denial then
    message[#found > 0 and "additionals" or "answers"] = { denial }
  end
  if datagram.port ~= 5353 then
    message.id, message.questions = query.id, query.questions
    for _, record in ipairs(found) do
      record.ttl, record.cache_flush = math.min(record.ttl, LEGACY_TTL), false
    end
    return unicast(self, interface, datagram, from, message)
  end
  local said, now = self:place(interface).said, self.clock.time
  local age = now - (said[transport] or -math.huge)
  local is_direct = datagram.to ~= GROUPS[transport] -- section 5.5
  if is_direct or (query.questions[1].unicast and age < self.records.ttl * 1000 / 4) then
    return unicast(self, interface, datagram, from, message)
  elseif age >= AGAIN then
    said[transport] = now
    multicast(self, interface, transport, message)
  end
end

-- The types of our name that a query asks for.
local function wanted(self, query)
  local wants, is_any = {}, false
  for _, question in ipairs(query.questions) do
    local is_all = question.type == "ANY"
    if question.name == self.records.name and (is_all or question.type:match("^A+$")) then
      is_any = true
      wants.A = wants.A or is_all or question.type == "A"
      wants.AAAA = wants.AAAA or is_all or question.type == "AAAA"
    end
  end
  return is_any and wants
end

--- A datagram came in on one of the host's interfaces.
---@param interface mlxresolve.SimInterface
---@param datagram table
---@param from mlxresolve.SimInterface
function methods:hear(interface, datagram, from)
  if datagram.to_port ~= 5353 or not self:place(interface).is_ready then
    return
  end
  local query = core.wire.decode(datagram.data)
  if not query or query.response then
    return
  end
  local wants = wanted(self, query)
  if wants then
    self.clock:after(self.chance:draw() * DELAY, function()
      if self:place(interface).is_ready and network.is_awake(self.host) then
        answer(self, interface, datagram, from, query, wants)
      end
    end)
  end
end

---------------------------------------------------------------- coming and going

local function on_both(self, interface, message)
  for _, transport in ipairs { "ipv4", "ipv6" } do
    multicast(self, interface, transport, message(transport))
  end
end

local function announce(self, interface)
  on_both(self, interface, function(transport)
    self:place(interface).said[transport] = self.clock.time
    return response((self.records:of(interface, transport, ALL)))
  end)
end

local function probe(self, interface)
  on_both(self, interface, function(transport)
    return {
      questions = { { name = self.records.name, type = "ANY", unicast = true } },
      authorities = (self.records:of(interface, transport, ALL)),
    }
  end)
end

--- Claims the name on an interface anew: three probes, then two announcements. Nothing is answered
--- before the claim stands.
---@param interface mlxresolve.SimInterface
function methods:claim(interface)
  local place = self:place(interface)
  place.round = place.round + 1
  place.is_ready = false
  local round = place.round
  local function at(ms, step)
    self.clock:after(ms, function()
      if place.round == round and interface.is_up and network.is_awake(self.host) then
        step(self, interface)
      end
    end)
  end
  local start = self.chance:draw() * PROBE_GAP
  for i = 1, PROBES do
    at(start + (i - 1) * PROBE_GAP, probe)
  end
  local claimed = start + PROBES * PROBE_GAP
  at(claimed, function()
    place.is_ready = true
    announce(self, interface)
  end)
  at(claimed + ANNOUNCE_GAP, announce)
end

--- Says goodbye to addresses that go (section 10.1).
---@param interface mlxresolve.SimInterface
---@param entries table[]
function methods:say_goodbye(interface, entries)
  if #entries > 0 then
    on_both(self, interface, function()
      return response(self.records:goodbye(entries))
    end)
  end
end

--- The cable is out, or the host is off: what was being claimed is not.
---@param interface mlxresolve.SimInterface
function methods:leave(interface)
  local place = self:place(interface)
  place.round = place.round + 1
  place.is_ready = false
end

return responder
