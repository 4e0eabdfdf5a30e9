--- How a simulated host comes by its name, and keeps or loses it: probing, announcing, conflicts,
--- goodbyes (RFC 6762 sections 8 to 10).

local core = require("mlxresolve.core")
local reach = require("mlxresolve.world.sim.reach")
local voice = require("mlxresolve.world.sim.voice")

local PROBES, PROBE_GAP = 3, 250 -- section 8.1; ms
local LOSERS_PAUSE = 1000 -- ms, section 8.2

local ALL = { A = true, AAAA = true }
local RDATA = { A = 4, AAAA = 16 } -- bytes

---@class mlxresolve.SimResponder
local claims = {}

---------------------------------------------------------------- probing and announcing

local function probe(self, interface)
  self:place(interface).is_probing = true
  voice.on_both(self, interface, function(transport)
    local name, asks_unicast = self.records.name, self.kind.asks_unicast
    return {
      questions = { { name = name, type = "ANY", unicast = asks_unicast } },
      authorities = (self.records:of(interface, transport, ALL)),
    }
  end)
end

local function say(self, interface, records_of)
  voice.on_both(self, interface, function(transport)
    local list = records_of(transport)
    self:note_said(interface, transport, list)
    return #list > 0 and voice.response(list) or nil
  end)
end

local function announce(self, interface)
  say(self, interface, function(transport)
    return (self.records:of(interface, transport, ALL))
  end)
end

local function announce_services(self, interface)
  say(self, interface, function()
    return self.records:of_services()
  end)
end

local function hold(self, interface)
  local place = self:place(interface)
  place.is_ready, place.is_probing, place.conflicts = true, false, 0
  if self.claimed ~= self.records.label then
    self.claimed = self.records.label
    if self.on_name then
      self.on_name()
    end
  end
  announce(self, interface)
end

local function plan_announcements(self, at, claimed)
  local last = claimed
  at(claimed, hold)
  at(claimed + self.kind.services_after, announce_services)
  for _, gap in ipairs(self.kind.announce_gaps) do
    last = last + gap + self.chance:draw() * self.kind.announce_jitter
    at(last, announce)
    at(last + self.kind.services_after, announce_services)
  end
end

--- Claims the name on an interface anew: three probes, then announcements. Nothing is answered
--- before the claim stands. What is heard during the pause is no conflict.
---@param interface mlxresolve.SimInterface
---@param pause number?  ms until it begins
function claims:claim(interface, pause)
  local place, kind = self:place(interface), self.kind
  place.round = place.round + 1
  place.is_ready, place.is_probing = false, false
  local round = place.round
  local function at(ms, step)
    self.clock:after(ms, function()
      if place.round == round and interface.is_up and reach.is_awake(self.host) then
        step(self, interface)
      end
    end)
  end
  local first = kind.first_probe
  local start = (pause or 0) + first[1] + self.chance:draw() * (first[2] - first[1])
  for i = 1, PROBES do
    at(start + (i - 1) * PROBE_GAP, probe)
  end
  plan_announcements(self, at, start + (PROBES - 1) * PROBE_GAP + kind.announce_after)
end

---------------------------------------------------------------- conflicts

local function next_label(label)
  local base, number = label:match("^(.-)%-(%d+)$")
  return base and ("%s-%d"):format(base, tonumber(number) + 1) or label .. "-2"
end

local function rename(self)
  self.claimed = false
  self.records:rename(next_label(self.records.label))
  if self.on_name then
    self.on_name()
  end
  for _, interface in ipairs(self.host.interfaces) do
    if interface.is_up then
      self:place(interface).conflicts = 0
      self:claim(interface, self.kind.renamed_after)
    end
  end
end

local function is_own(self, record)
  for _, interface in ipairs(self.host.interfaces) do
    for _, entry in ipairs(interface.addresses) do
      if entry.address == record.data then
        return true
      end
    end
  end
  return false
end

local function contradicts(self, record)
  return record.name == self.records.name
    and RDATA[record.type] ~= nil
    and record.ttl > 0
    and not is_own(self, record)
end

--- Somebody else says what our name has: who is probing gives it up, who holds it probes again
--- (section 9).
function claims:hear_response(interface, message)
  local place = self:place(interface)
  if not (place.is_ready or place.is_probing) then
    return
  end
  for _, list in ipairs { message.answers, message.additionals } do
    for _, record in ipairs(list) do
      if contradicts(self, record) then
        if place.is_ready then
          return self:claim(interface)
        end
        place.conflicts = place.conflicts + 1
        if place.conflicts > self.kind.forgives then
          return rename(self)
        end
        return self:claim(interface, LOSERS_PAUSE)
      end
    end
  end
end

-- As section 8.2 compares them: by type, then by the bytes of the data.
local function sort_key(record)
  local data = assert(core.wire.encode { questions = {}, authorities = { record } })
  return (record.type == "A" and "\1" or "\28") .. data:sub(-RDATA[record.type])
end

local function sorted_keys(list, name)
  local keys = {}
  for _, record in ipairs(list) do
    if record.name == name and RDATA[record.type] then
      keys[#keys + 1] = sort_key(record)
    end
  end
  table.sort(keys)
  return table.concat(keys)
end

--- Somebody else probes for our name at the same time: the later data wins, and who loses waits a
--- second before he tries again.
---@param transport "ipv4"|"ipv6"  that it came over
function claims:hear_probe(interface, message, transport)
  if not self:place(interface).is_probing then
    return
  end
  local name = self.records.name
  local theirs = sorted_keys(message.authorities, name)
  local ours = sorted_keys((self.records:of(interface, transport, ALL)), name)
  if theirs ~= "" and ours < theirs then
    self:claim(interface, LOSERS_PAUSE)
  end
end

---------------------------------------------------------------- changes of its own network

--- Something has changed there: the name is claimed anew when its kind would notice.
function claims:renew(interface)
  self:claim(interface, self.kind.notices)
end

--- Says goodbye to addresses that go (section 10.1), and to the services with the last of them.
---@param interface mlxresolve.SimInterface
---@param entries table[]
function claims:say_goodbye(interface, entries)
  if #entries == 0 then
    return
  end
  local list = self.records:goodbye(entries)
  for _, record in ipairs(#entries == #interface.addresses and self.records:of_services() or {}) do
    record.ttl = 0
    list[#list + 1] = record
  end
  voice.on_both(self, interface, function()
    return voice.response(list)
  end)
end

--- The host is off: when it is on again, it wants the name that it was given, and has to claim it.
function claims:forget()
  self.claimed = false
  self.records:rename(self.label)
end

--- The cable is out, or the host is off: what was being claimed is not.
---@param interface mlxresolve.SimInterface
function claims:leave(interface)
  local place = self:place(interface)
  place.round = place.round + 1
  place.is_ready, place.is_probing = false, false
end

--- A cable was pulled or put in. `announces`: whether it says so; what its kind does when nil.
---@param interface mlxresolve.SimInterface
---@param announces boolean|nil
function claims:carrier_changed(interface, announces)
  if announces == nil then
    announces = self.kind.notices_cables
    if not announces then
      return
    end
  end
  if not interface.is_up then
    self:leave(interface)
  elseif announces then
    self:renew(interface)
  else
    self:place(interface).is_ready = true
  end
end

return claims
