--- The cache as plain tables that can be kept as text and brought back: `mlxresolve cache dump` and
--- `cache load`.

local answers = require("mlxresolve.answer")
local base64 = require("mlxresolve.base64")
local cache_filter = require("mlxresolve.cache_filter")
local core = require("mlxresolve.core")
local persistence = require("mlxresolve.persistence")
local query = require("mlxresolve.query")

local PAGE = 500 -- entries
local LONGEST_AGE = 2 ^ 31 -- s

local dump = {}

---@class mlxresolve.DumpEntry
---@field name string
---@field type string
---@field status string        "answer", "nodata", "nxdomain"
---@field ttl integer          s that are left; 0 when it ran out
---@field age number           s since it was said
---@field strategy string      label
---@field interface string|false
---@field purpose integer      hash, 0 for none
---@field answer string        the packet as it was kept, in base64

local function describe(runtime, row)
  local number = query.type_numbers[row.type]
  local packet, age = runtime.cache:copy(row.name, number, runtime.world:now(), row.purpose)
  if not packet or row.status == "failure" then
    return nil
  end
  return {
    name = row.name,
    type = row.type,
    status = row.status,
    ttl = row.ttl,
    age = age / 1000,
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
  local age = tonumber(entry.age) or 0
  if not (age >= 0 and age < LONGEST_AGE) then
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
  return packet, note
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
