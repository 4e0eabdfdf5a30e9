--- The cache as plugins see it: `ctx.cache`.

local answers = require("mlxresolve.answer")
local cache_filter = require("mlxresolve.cache_filter")
local core = require("mlxresolve.core")
local persistence = require("mlxresolve.persistence")
local query = require("mlxresolve.query")

-- Addresses of names asked for within the last minute, s, are told to be suspect, and so many.
local IN_USE, MOST_TOLD = 60, 256

local plugin_cache = {}
local methods = {}
local mt = { __name = "mlxresolve.plugin_cache", __index = methods }

---@param runtime table
---@return mlxresolve.PluginCache
function plugin_cache.new(runtime)
  return setmetatable({ runtime = runtime }, mt)
end

-- What is known of answers only, not of questions.
local OF_ANSWERS = {
  "interface",
  "strategy",
  "older_than",
  "used_within",
  "suspect",
  "withheld",
  "purpose",
}

--- What is just being asked for was said before the flush, too.
local function outdate(runtime, filter)
  for _, field in ipairs(OF_ANSWERS) do
    if filter[field] then
      return
    end
  end
  local task = runtime.scheduler.running
  runtime.flights:outdate(filter, task and task.flight)
end

--- Drops what the filter means; everything without one. How many, or nil, message, code.
---@param filter mlxresolve.CacheFilter?  `interface` may be a name, `strategy` is a label
---@return integer|nil, string? message, string? code
function methods:flush(filter)
  local runtime = self.runtime
  local core_filter, message, code = cache_filter.translate(runtime, filter or {})
  if not core_filter then
    return nil, message, code
  end
  if runtime.mdns_engine then
    -- or it would say the same again, from what it has heard
    runtime.mdns_engine:forget(core_filter)
  end
  runtime.failures:flush(core_filter)
  outdate(runtime, core_filter)
  return persistence.forget(runtime, core_filter)
end

--- What the filter means is suspect: served as before, until it was looked into (`ctx:recheck`) or
--- said anew. How many entries that concerns, or nil, message, code.
---@param filter mlxresolve.CacheFilter?
---@param reason string?  for the book of addresses in doubt
---@return integer|nil, string? message, string? code
function methods:suspect(filter, reason)
  local runtime = self.runtime
  local core_filter, message, code = cache_filter.translate(runtime, filter or {})
  if not core_filter then
    return nil, message, code
  end
  local now = runtime.world:now()
  core_filter.used_within = core_filter.used_within or IN_USE
  for _, entry in ipairs(runtime.cache:list(now, core_filter, MOST_TOLD)) do
    for _, address in ipairs(cache_filter.addresses(runtime, entry)) do
      if not runtime.health:of(entry.name, address) then
        runtime.health:mark(entry.name, address, "suspect", reason or "the network has changed")
      end
    end
  end
  core_filter.used_within = filter and filter.used_within
  runtime.doubted_at = now
  return runtime.cache:mark(now, core_filter, { suspect = true })
end

--- Entries as plain tables, at most `limit` (1,000): { name, type, status, data, ttl, age, idle,
--- strategy, interface, index, stale, suspect, withheld }; and whether there are more.
---@param filter mlxresolve.CacheFilter?
---@param limit integer?
---@return mlxresolve.CacheEntry[]|nil, boolean|string has_more_or_message, string? code
function methods:list(filter, limit)
  return cache_filter.list(self.runtime, filter, limit)
end

--- The purpose of the question that the running task is about: answers for another are no answers.
local function purpose_of(task)
  local flight = task and task.flight
  return flight and flight.purpose_hash or 0
end

--- Keeps an answer that came along with another, for the strategy that runs: as its own are kept,
--- by what the policy says of it.
---@param answer mlxresolve.Answer
function methods:put(answer)
  local runtime = self.runtime
  local task = runtime.scheduler.running
  local hash = task and task.instance and task.instance.node.hash or 0
  local step = runtime.chain.by_hash[hash]
  local is_gone = hash ~= 0 and not runtime.chain.instances[hash]
  if is_gone or answer.is_stale or (step and not step.note) then
    return true
  end
  local limits = step and step.note or {}
  return persistence.keep(runtime, answer.packet, {
    strategy = hash,
    interface = answer.interface or 0,
    purpose = purpose_of(task),
    min_ttl = limits.min_ttl,
    max_ttl = limits.max_ttl,
  })
end

---@return mlxresolve.Answer|nil
function methods:get(name, type_name)
  local runtime = self.runtime
  local number = query.type_numbers[type_name]
  local canonical = core.name.canonical(name)
  if not number or not canonical then
    return nil
  end
  local purpose = purpose_of(runtime.scheduler.running)
  local packet = runtime.cache:get(canonical, number, runtime.world:now(), purpose)
  return packet and answers.read(packet) or nil
end

return plugin_cache
