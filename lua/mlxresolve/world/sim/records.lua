--- What the mDNS responder of a simulated host says: addresses of its name, and its services.

local core = require("mlxresolve.core")

local TYPES = { ipv4 = "A", ipv6 = "AAAA" }
local SERVICES = "_services._dns-sd._udp.local."
local SERVICE_TTL = 4500 -- s, of what does not name a host (RFC 6762 section 10)

local records = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.records", __index = methods }

---@class mlxresolve.SimRecords
---@field name string   "mini2.local."
---@field ttl integer   s, of host records
---@param kind mlxresolve.SimResponderKind
---@param label string
---@param fields { ttl: integer?, services: table[]? }?  `ttl` in place of the kind's
---@return mlxresolve.SimRecords
function records.new(kind, label, fields)
  fields = fields or {}
  local self = setmetatable({ kind = kind, ttl = fields.ttl or kind.ttl }, mt)
  self.services = {}
  for i, service in ipairs(fields.services or {}) do
    self.services[i] = { type = core.name.canonical(service.type .. ".local"), given = service }
  end
  self:rename(label)
  return self
end

--- Another name, of the host and of the services that are called after it.
---@param label string
function methods:rename(label)
  self.label = label
  self.name = label .. ".local."
  for _, service in ipairs(self.services) do
    local instance = service.given.instance or label
    service.name = core.name.canonical(instance .. "." .. service.type)
  end
end

local function record(name, type, data, ttl)
  return { name = name, type = type, ttl = ttl, data = data, cache_flush = true }
end

---------------------------------------------------------------- addresses

local function denial(self, has)
  local types = (has.A and " A" or "") .. (has.AAAA and " AAAA" or "")
  return record(self.name, "NSEC", self.name .. types, self.ttl)
end

--- The addresses of an interface that go out over a transport, of the types that are wanted; and,
--- from who says such things, that a wanted type is not there.
---@param interface mlxresolve.SimInterface
---@param transport "ipv4"|"ipv6"
---@param wants { A: boolean?, AAAA: boolean? }
---@return table[] records, table|false denial
function methods:of(interface, transport, wants)
  local list, has = {}, {}
  for _, entry in ipairs(interface.addresses) do
    local type = TYPES[entry.family]
    has[type] = true
    local goes = transport == "ipv4" or type == "AAAA" or self.kind.ipv4_over_ipv6
    if goes and wants[type] then
      list[#list + 1] = record(self.name, type, entry.address, self.ttl)
    end
  end
  local lacks = (wants.A and not has.A) or (wants.AAAA and not has.AAAA)
  return list, lacks and self.kind.denies and denial(self, has) or false
end

---------------------------------------------------------------- services

local function texts(txt)
  local list = {}
  for key, value in pairs(txt or {}) do
    list[#list + 1] = ('"%s=%s"'):format(key, value)
  end
  table.sort(list)
  return #list > 0 and table.concat(list, " ") or '""'
end

-- What belongs to the group is nobody's own, so nobody's cache is flushed for it.
local function shared(name, data)
  return { name = name, type = "PTR", ttl = SERVICE_TTL, data = data }
end

local makers = {
  PTR = function(_, service)
    return shared(service.type, service.name)
  end,
  SRV = function(self, service)
    local data = ("0 0 %d %s"):format(service.given.port, self.name)
    return record(service.name, "SRV", data, self.ttl)
  end,
  TXT = function(_, service)
    return record(service.name, "TXT", texts(service.given.txt), SERVICE_TTL)
  end,
}

local function add(list, seen, made)
  local key = ("%s %s %s"):format(made.name, made.type, made.data)
  if not seen[key] then
    seen[key] = true
    list[#list + 1] = made
  end
end

local function is_asked(question, type)
  return question.type == type or question.type == "ANY"
end

local function answer_service(self, question, service, found)
  if question.name == SERVICES and is_asked(question, "PTR") then
    add(found.answers, found.seen, shared(SERVICES, service.type))
    found.is_shared = true
  elseif question.name == service.type and is_asked(question, "PTR") then
    add(found.answers, found.seen, makers.PTR(self, service))
    found.is_shared, found.services[service] = true, true
  elseif question.name == service.name then
    for _, type in ipairs { "SRV", "TXT" } do
      if is_asked(question, type) then
        add(found.answers, found.seen, makers[type](self, service))
        found.wants_host = found.wants_host or type == "SRV"
      end
    end
  end
end

local BOTH = { A = true, AAAA = true }

-- RFC 6763 section 12
local function add_what_follows(self, interface, transport, found)
  for service in pairs(found.services) do
    add(found.additionals, found.seen, makers.SRV(self, service))
    add(found.additionals, found.seen, makers.TXT(self, service))
    found.wants_host = true
  end
  for _, made in ipairs(found.wants_host and self:of(interface, transport, BOTH) or {}) do
    add(found.additionals, found.seen, made)
  end
end

---------------------------------------------------------------- questions

--- What is to be said to these questions; nil when none of it is ours.
---@param interface mlxresolve.SimInterface
---@param transport "ipv4"|"ipv6"
---@param questions table[]
---@return { answers: table[], additionals: table[], is_shared: boolean }|nil
function methods:answer(interface, transport, questions)
  local found = { answers = {}, additionals = {}, seen = {}, services = {}, is_shared = false }
  local wants
  for _, question in ipairs(questions) do
    if question.name == self.name then
      wants = wants or {}
      wants.A = wants.A or is_asked(question, "A")
      wants.AAAA = wants.AAAA or is_asked(question, "AAAA")
    end
    for _, service in ipairs(self.services) do
      answer_service(self, question, service, found)
    end
  end
  local denied = false
  if wants then
    local list
    list, denied = self:of(interface, transport, wants)
    for _, made in ipairs(list) do
      add(found.answers, found.seen, made)
    end
  end
  add_what_follows(self, interface, transport, found)
  if denied then
    table.insert(#found.answers > 0 and found.additionals or found.answers, denied)
  end
  return #found.answers > 0 and found or nil
end

--- All records of the services, as they are announced.
---@return table[]
function methods:of_services()
  local list, seen = {}, {}
  for _, service in ipairs(self.services) do
    for _, type in ipairs { "PTR", "SRV", "TXT" } do
      add(list, seen, makers[type](self, service))
    end
  end
  return list
end

--- The records of addresses that go (RFC 6762 section 10.1).
---@param entries table[]
---@return table[]
function methods:goodbye(entries)
  local list = {}
  for i, entry in ipairs(entries) do
    list[i] = record(self.name, TYPES[entry.family], entry.address, 0)
  end
  return list
end

return records
