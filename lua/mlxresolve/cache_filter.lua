--- Which entries of the cache are meant: people and plugins use names where the core has numbers.

local core = require("mlxresolve.core")
local fingerprint = require("mlxresolve.policy.fingerprint")
local query = require("mlxresolve.query")
local suggest = require("mlxresolve.suggest")

local cache_filter = {}

local DEFAULT_LIMIT = 1000

local FIELDS = {
  "name",
  "suffix",
  "type",
  "interface",
  "strategy",
  "purpose",
  "older_than",
  "used_within",
  "suspect",
  "withheld",
}

-- A field that nobody reads would make the filter mean more, or everything.
local function check_fields(filter)
  if type(filter) ~= "table" then
    error('expected a filter such as { name = "mini2.local" }, got a ' .. type(filter), 4)
  end
  for field in pairs(filter) do
    local hint = suggest.unknown(field, FIELDS)
    if hint then
      error(("unknown field '%s' of a filter%s"):format(tostring(field), hint), 4)
    end
  end
end

--- "no strategy 'dsn' (did you mean 'dns'?)".
local function unknown(noun, name, list, field)
  local names = {}
  for _, one in pairs(list) do
    names[#names + 1] = one[field]
  end
  return ("no %s '%s'%s"):format(noun, tostring(name), suggest.hint(name, names))
end

--- The filter as the core takes it, or nil, message, code for a name that means nothing here.
---@param runtime table
---@param filter mlxresolve.CacheFilter  `interface` may be a name, `strategy` is a label,
---  `purpose` a text, false for what has none
---@return table|nil, string? message, string? code
function cache_filter.translate(runtime, filter)
  check_fields(filter)
  local core_filter = {
    type = filter.type,
    purpose = filter.purpose ~= nil and fingerprint.text(filter.purpose) or nil,
    older_than = filter.older_than,
    used_within = filter.used_within,
    suspect = filter.suspect,
    withheld = filter.withheld,
  }
  for _, field in ipairs { "name", "suffix" } do
    if filter[field] then
      local canonical, message, code = core.name.canonical(filter[field])
      if not canonical then
        return nil, ("%s '%s': %s"):format(field, tostring(filter[field]), message), code
      end
      core_filter[field] = canonical
    end
  end
  if type(filter.interface) == "string" then
    core_filter.interface = runtime:interface_index(filter.interface)
    if not core_filter.interface then
      local all = runtime.world:interfaces()
      return nil, unknown("interface", filter.interface, all, "name"), "ENODEV"
    end
  else
    core_filter.interface = filter.interface
  end
  if filter.strategy then
    core_filter.strategy = runtime:strategy_hash(filter.strategy)
    if not core_filter.strategy then
      local all = runtime.chain.by_hash
      return nil, unknown("strategy", filter.strategy, all, "label"), "ENOENT"
    end
  end
  return core_filter
end

--- The records of an entry as text; none when it has left the cache meanwhile.
local function data_of(runtime, entry)
  local number = query.type_numbers[entry.type]
  local packet = entry.status == "answer"
    and runtime.cache:copy(entry.name, number, runtime.world:now(), entry.purpose)
  return packet and core.answer.data(packet) or {}
end

--- The addresses of an entry as the core lists it.
---@param runtime table
---@param entry table  { name, type, status, purpose }
---@return string[]
function cache_filter.addresses(runtime, entry)
  return (entry.type == "A" or entry.type == "AAAA") and data_of(runtime, entry) or {}
end

--- What a filter means, at most `limit` entries, as plain tables; and whether there are more.
---@param runtime table
---@param filter mlxresolve.CacheFilter?
---@param limit integer?  1000
---@return mlxresolve.CacheEntry[]|nil, boolean|string has_more_or_message, string? code
function cache_filter.list(runtime, filter, limit)
  limit = limit or DEFAULT_LIMIT
  local core_filter, message, code = cache_filter.translate(runtime, filter or {})
  if not core_filter then
    return nil, message, code
  end
  local entries = runtime.cache:list(runtime.world:now(), core_filter, limit + 1)
  local has_more = #entries > limit
  entries[limit + 1] = nil
  local names = {}
  for _, entry in ipairs(entries) do
    local index = entry.interface
    if names[index] == nil then
      names[index] = runtime:interface_name(index)
    end
    entry.data = data_of(runtime, entry)
    entry.strategy = runtime:strategy_name(entry.strategy)
    entry.interface, entry.index = names[index], index
    entry.is_held = runtime:is_held(entry.name)
    entry.purpose = nil
  end
  return entries, has_more
end

return cache_filter
