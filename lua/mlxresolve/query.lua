--- What is asked, as strategies see it, and the answers that they make of it.

local answer = require("mlxresolve.answer")
local core = require("mlxresolve.core")
local pool = require("mlxresolve.pool")

local DEFAULT_TTL = 60 -- s, for answers whose maker names none
local DENIAL_TTL = 10
local MOST_TTL = 2 ^ 31 - 1 -- RFC 2181 section 8

local query = {}
local methods = {}

local type_names = setmetatable({}, {
  __index = function(self, number)
    local name = core.wire.type_name(number)
    self[number] = name
    return name
  end,
})

local type_numbers = setmetatable({}, {
  __index = function(self, name)
    local number = type(name) == "string" and core.wire.type_number(name) or false
    self[name] = number
    return number
  end,
})

--- The mnemonic of a type number.
---@type table<integer, string>
query.type_names = type_names
--- The number of a mnemonic, or false.
---@type table<string, integer|false>
query.type_numbers = type_numbers

--- Reading `client` makes the answer private, so it is looked up rather than stored.
local function index(self, key)
  local method = methods[key]
  if method then
    return method
  end
  if key == "client" then
    local flight = rawget(self, "flight")
    if flight then
      flight.is_private = true
      return flight.client and flight:client() or false
    end
    return false
  end
end

local mt = { __name = "mlxresolve.query", __index = index }

local spare = pool.new()

local function new_table()
  return setmetatable({
    name = false,
    number = 0,
    type = false,
    purpose = false,
    flight = false,
  }, mt)
end

---@param name string     canonical
---@param number integer  of the type
---@param purpose string|false
---@param flight table|false  whose clients wait for it
---@return mlxresolve.Query
function query.new(name, number, purpose, flight)
  local self = pool.take(spare) or new_table()
  self.name, self.number, self.type = name, number, type_names[number]
  self.purpose, self.flight = purpose or false, flight or false
  return self
end

--- Takes a query back that nobody has any more.
---@param used mlxresolve.Query
function query.recycle(used)
  pool.give(spare, used)
end

--- Is `name` the zone or below it? Both canonical.
---@param name string
---@param zone string
---@return boolean
function query.is_under(name, zone)
  if zone == "." or name == zone then
    return true
  end
  -- the dot first: it is seldom in the right place, and looking at a byte makes no string
  local size = #zone
  return #name > size and name:byte(-size - 1) == 46 and name:sub(-size) == zone
end

function methods:under(zone)
  return query.is_under(self.name, zone)
end

--- The value for a type in a table keyed by mnemonics of either case.
local function pick(data, wanted)
  return data[wanted:lower()] or data[wanted]
end

local function check_ttl(word, ttl)
  if type(ttl) ~= "number" or not (ttl >= 0 and ttl <= MOST_TTL) then
    local text = "query:%s: expected a time to live in seconds, such as 300, got %s"
    error(text:format(word, type(ttl) == "string" and ("%q"):format(ttl) or tostring(ttl)), 3)
  end
end

-- Only where nothing fits: a misspelt type would deny what it was to say.
local function check_types(data)
  for name in pairs(data) do
    if not (type(name) == "string" and type_numbers[name:upper()]) then
      local text = "query:answer: '%s' is no record type, such as a, aaaa or srv"
      error(text:format(tostring(name)), 3)
    end
  end
end

local function wrap(self, packet, message, code)
  if not packet then
    return nil, message, code
  end
  local status, ttl = core.answer.read(packet)
  return answer.new(packet, status, ttl, self.name)
end

function methods:answer(data, ttl)
  check_ttl("answer", ttl or DEFAULT_TTL)
  if type(data) == "table" and #data == 0 then
    local all = data
    data = pick(all, self.type)
    if not data then
      check_types(all)
    end
  end
  if type(data) == "string" then
    data = { data }
  elseif data ~= nil and type(data) ~= "table" then
    error(("query:answer: expected rdata texts, got %s"):format(type(data)), 2)
  end
  if not data or #data == 0 then
    return self:nodata(ttl)
  end
  local made, message, code =
    wrap(self, core.answer.build(self.name, self.type, data, ttl or DEFAULT_TTL))
  if not made then
    error(("query:answer: %s of %s: %s (%s)"):format(self.type, self.name, message, code), 2)
  end
  return made
end

function methods:nxdomain(ttl)
  check_ttl("nxdomain", ttl or DENIAL_TTL)
  return wrap(self, core.answer.deny(self.name, self.type, "nxdomain", ttl or DENIAL_TTL))
end

function methods:nodata(ttl)
  check_ttl("nodata", ttl or DENIAL_TTL)
  return wrap(self, core.answer.deny(self.name, self.type, "nodata", ttl or DENIAL_TTL))
end

function methods:exists()
  local flight = rawget(self, "flight")
  if flight then
    flight.has_name = true
  end
end

--- An answer made of a canonical packet, as the mDNS engine gives them.
---@param packet string
---@param interface integer?  index of the interface that it came in on
---@return mlxresolve.Answer|nil, string? message, string? code
function methods:packet(packet, interface)
  local made, message, code = wrap(self, packet)
  if not made then
    return nil, message, code
  end
  made.interface = interface or false
  return made
end

function methods:with(name, type_name)
  local canonical, message = core.name.canonical(name or self.name)
  if not canonical then
    error(("query:with: %q is no name: %s"):format(tostring(name), message), 2)
  end
  local number = self.number
  if type_name then
    number = type_numbers[type_name]
  end
  if not number then
    error(("query:with: %q is no type"):format(tostring(type_name)), 2)
  end
  return query.new(canonical, number, self.purpose, self.flight)
end

return query
