--- The cache as plain tables that can be kept as text and brought back: `mlxresolve cache dump` and
--- `cache load`.

local answers = require("mlxresolve.answer")
local base64 = require("mlxresolve.base64")
local cache_filter = require("mlxresolve.cache_filter")
local core = require("mlxresolve.core")
local persistence = require("mlxresolve.persistence")
local query = require("mlxresolve.query")

local PAGE = 500 -- entries
local LONGEST_AGE = 2 ^ 30 -- s; in ms the core takes 40 bits

local dump = {}

---@class mlxresolve.DumpEntry
---@field name string
---@field type string
---@field status string        "answer", "nodata", "nxdomain"
---@field ttl integer          s that are left; 0 when it ran out
---@field age number           s since it was said
---@field date integer         s since 1970, when it was said
---@field withheld boolean     heard in a network that was left since
---@field strategy string      label
---@field interface string|false
---@field purpose integer      hash, 0 for none
---@field answer string        the packet as it was kept, in base64

local function describe(runtime, row)
  local number = query.type_numbers[row.type]
  local packet, age, ttl = runtime.cache:copy(row.name, number, runtime.world:now(), row.purpose)
  if not packet or row.status == "failure" then
    return nil
  end
  age = age / 1000
  return {
    name = row.name,
    type = row.type,
    status = row.status,
    ttl = math.max(0, ttl - math.floor(age)),
    age = age,
    date = math.floor(runtime.world:date() - age),
    withheld = row.withheld,
    strategy = runtime:strategy_name(row.strategy),
    interface = runtime:interface_name(row.interface),
    purpose = row.purpose,
    answer = base64.encode(packet),
  }
end

--- A page of the entries that the filter means, and where the next page begins; nil at the end.
---@param filter mlxresolve.CacheFilter?
---@param from integer?  as the last page said; the first page when absent
---@return mlxresolve.DumpEntry[]|nil, integer|string|nil next_or_message, string? code
function dump:dump(filter, from)
  local core_filter, message, code = cache_filter.translate(self, filter or {})
  if not core_filter then
    return nil, message, code
  end
  core_filter.from = from or 0
  local rows, next_page = self.cache:list(self.world:now(), core_filter, PAGE)
  local entries = {}
  for _, row in ipairs(rows) do
    entries[#entries + 1] = describe(self, row)
  end
  return entries, next_page
end

--- s, or nil; it goes on while the entry is kept as text, as far as the wall clock can tell.
local function age_of(runtime, entry)
  local age, date = tonumber(entry.age) or 0, tonumber(entry.date)
  if not (age >= 0 and age < LONGEST_AGE) then
    return nil
  end
  local since = date and runtime.world:date() - date or 0
  return since > age and math.min(since, LONGEST_AGE) or age
end

--- The limits of what it is kept for: those of who said it. What has run out stays so, and a denial
--- may bear no TTL of its own.
local function limit(note, runtime, entry, status)
  local step = runtime.chain.by_hash[note.strategy]
  local limits = step and step.note or {}
  local age, ttl = math.floor(note.age / 1000), tonumber(entry.ttl) or false
  note.min_ttl, note.max_ttl = limits.min_ttl, limits.max_ttl
  if ttl == 0 then
    note.max_ttl = math.max(1, age)
  end
  if ttl and ttl >= 0 and status ~= "answer" then
    note.min_ttl = math.min(math.max(1, age + ttl), LONGEST_AGE)
  end
  return note
end

--- What an entry becomes: the packet, cleaned, and the note; or nil and why not.
local function read(runtime, entry)
  local packet = type(entry.answer) == "string" and base64.decode(entry.answer)
  if not packet then
    return nil, "answer: expected a packet in base64"
  end
  packet = core.answer.scrub(packet)
  local answer = packet and answers.read(packet)
  if not answer then
    return nil, "answer: no answer to a question"
  end
  local age = age_of(runtime, entry)
  if not age then
    return nil, "age: expected seconds"
  end
  local strategy = runtime:strategy_hash(entry.strategy)
  if not strategy then
    return nil, ("no strategy '%s'"):format(tostring(entry.strategy))
  end
  local name = type(entry.interface) == "string" and entry.interface
  local interface = name and runtime:interface_index(name)
  if name and not interface then
    return nil, ("no interface '%s'"):format(name)
  end
  local note = {
    strategy = strategy,
    interface = interface or 0,
    purpose = tonumber(entry.purpose) or 0,
    age = math.floor(age * 1000),
  }
  if note.purpose < 0 or note.purpose >= 2 ^ 32 then
    return nil, "purpose: expected a number of 32 bits"
  end
  return packet, limit(note, runtime, entry, answer.status)
end

--- What was held back stays so, until its network returns. A younger answer that has its place is
--- another matter.
local function hold_back(runtime, packet, note)
  local _, _, name, type_name = core.answer.read(packet)
  local now = runtime.world:now()
  local _, age = runtime.cache:copy(name, query.type_numbers[type_name], now, note.purpose)
  if age and age >= note.age then
    local filter = { name = name, type = type_name, purpose = note.purpose }
    runtime.cache:mark(now, filter, { withheld = true })
  end
end

--- Brings entries back, as old as they are now. What fits no strategy or interface of this resolver
--- is left out, and younger answers stay.
---@param entries mlxresolve.DumpEntry[]
---@return integer taken, integer left_out, string|nil why  of the first that was left out
function dump:load(entries)
  local taken, left_out, why = 0, 0, nil
  for _, entry in ipairs(entries) do
    local packet, note
    if type(entry) == "table" then
      packet, note = read(self, entry)
    else
      note = "expected an object"
    end
    local ok = packet and persistence.keep(self, packet, note)
    if ok and entry.withheld then
      hold_back(self, packet, note)
    end
    if ok then
      taken = taken + 1
    else
      left_out = left_out + 1
      why = why or (packet and "it cannot be kept" or note)
    end
  end
  return taken, left_out, why
end

return dump
