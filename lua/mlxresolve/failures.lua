--- Questions that have just failed, answered from memory for a while (RFC 9520): 1 s, and twice as
--- long each time that it fails again, up to 30 s; 30 s at once where a stale answer serves
--- meanwhile (RFC 8767 section 5). What changes the odds, such as another network, ends it.
---
--- Silence over mDNS is no failure: the host may be starting up, and its name is to be found as
--- soon as it answers. A caller's own short timeout says nothing about the name either.

local query = require("mlxresolve.query")

local failures = {}
local methods = {}
local mt = { __name = "mlxresolve.failures", __index = methods }

local FIRST, MOST = 1e3, 30e3 -- ms
local FORGIVEN = 60e3 -- ms without a new failure, after which it is the first again
local CAPACITY = 2048
local TEXT_MAX = 300 -- bytes

---@class mlxresolve.KnownFailure
---@field name string
---@field till number     ms
---@field delay number    ms
---@field code string
---@field message string
---@field text string     the tries in one line

---@param runtime table
---@return mlxresolve.Failures
function failures.new(runtime)
  return setmetatable({
    runtime = runtime,
    by_type = {},
    ring = {},
    last = 0,
    count = 0,
    looked_at = 0,
    ended_at = -math.huge, -- when all that had failed was forgotten
  }, mt)
end

local function key_of(name, purpose)
  return purpose and (name .. "\0" .. purpose) or name
end

local function drop(self, entry)
  local same_type = self.by_type[entry.number]
  if same_type and same_type[entry.key] == entry then
    same_type[entry.key] = nil
    self.count = self.count - 1
  end
end

--- Servers that the system names from now on are worth a try: looked for once a turn at most.
local function look_for_servers(self, now)
  if self.looked_at ~= now and self.runtime.system_stamp then
    self.looked_at = now
    self.runtime:system_servers()
  end
end

--- The failure that answers a question now, or false.
---@param name string
---@param number integer
---@param purpose string|false|nil
---@return mlxresolve.KnownFailure|false
function methods:find(name, number, purpose)
  if self.count == 0 then
    return false
  end
  local same_type = self.by_type[number]
  local entry = same_type and same_type[key_of(name, purpose)]
  local now = entry and self.runtime.world:now()
  if not entry or now >= entry.till then
    return false
  end
  look_for_servers(self, now)
  return same_type[entry.key] == entry and entry
end

--- The oldest makes room, so that questions nobody repeats cannot pile up.
local function add(self, flight)
  local entry =
    { name = flight.name, number = flight.number, key = flight.key, delay = 0, till = 0 }
  local at = self.last % CAPACITY + 1
  if self.ring[at] then
    drop(self, self.ring[at])
  end
  self.ring[at], self.last = entry, at
  local same_type = self.by_type[entry.number]
  if not same_type then
    same_type = {}
    self.by_type[entry.number] = same_type
  end
  same_type[entry.key] = entry
  self.count = self.count + 1
  return entry
end

--- Remembers that a flight has failed, unless the odds have changed while it was under way.
---@param flight mlxresolve.Flight
---@param has_stale boolean  there is something to serve meanwhile
function methods:note(flight, has_stale)
  if flight.is_private or flight.is_native_echo then
    return
  elseif flight.started_at < self.ended_at then
    return
  end
  local now = self.runtime.world:now()
  local same_type = self.by_type[flight.number]
  local entry = same_type and same_type[flight.key] or add(self, flight)
  local is_repeated = entry.delay > 0 and now < entry.till + FORGIVEN
  entry.delay = has_stale and MOST or is_repeated and math.min(entry.delay * 2, MOST) or FIRST
  entry.till = now + entry.delay
  entry.code, entry.message = flight.code or "EFAILED", flight.message or "it failed"
  entry.text = flight.trace:summary(TEXT_MAX)
  self.runtime:watch_network()
end

--- The question has been answered.
---@param flight mlxresolve.Flight
function methods:forget(flight)
  if self.count == 0 then
    return
  end
  local same_type = self.by_type[flight.number]
  local entry = same_type and same_type[flight.key]
  if entry then
    drop(self, entry)
  end
end

local function is_meant(entry, filter)
  return (not filter.name or filter.name == entry.name)
    and (not filter.suffix or query.is_under(entry.name, filter.suffix))
    and (not filter.type or query.type_numbers[filter.type] == entry.number)
end

--- Forgets what a filter of the cache means by name and type; everything without one.
---@param filter { name: string?, suffix: string?, type: string? }?
function methods:flush(filter)
  filter = filter or {}
  if not next(filter) then
    self.ended_at = self.runtime.world:now()
  end
  for _, same_type in pairs(self.by_type) do
    for _, entry in pairs(same_type) do
      if is_meant(entry, filter) then
        drop(self, entry)
      end
    end
  end
end

return failures
