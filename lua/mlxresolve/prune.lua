--- Takes single addresses out of what the cache has of a name: those that stay serve on, as old as
--- they are, in doubt.

local type_of = require("mlxresolve.address").type
local core = require("mlxresolve.core")
local persistence = require("mlxresolve.persistence")
local query = require("mlxresolve.query")

local prune = {}

--- What has run out, or was made to, stays so.
---@param entry table  as the core lists it
---@param age number   ms
---@return integer? s
local function max_ttl(entry, age, limits)
  return entry.stale and not entry.withheld and math.max(1, math.floor(age / 1000))
    or limits.max_ttl
end

--- Keeps the addresses at these positions of an entry.
---@param runtime table
---@param entry table      as the core lists it
---@param packet string    its answer, as it was put
---@param age number       ms since then
---@param right integer[]  one-based, at least one
---@return boolean
function prune.shorten(runtime, entry, packet, age, right)
  local shorter = core.answer.reorder(packet, right)
  if not shorter then
    return false
  end
  local step = runtime.chain.by_hash[entry.strategy]
  local limits = step and step.note or {}
  local filter = { name = entry.name, type = entry.type, purpose = entry.purpose }
  persistence.forget(runtime, filter)
  persistence.keep(runtime, shorter, {
    strategy = entry.strategy,
    interface = entry.interface,
    purpose = entry.purpose,
    age = age,
    min_ttl = limits.min_ttl,
    max_ttl = max_ttl(entry, age, limits),
  })
  local marks = { suspect = true, withheld = entry.withheld }
  runtime.cache:mark(runtime.world:now(), filter, marks)
  return true
end

local function others(addresses, gone)
  local right = {}
  for i, address in ipairs(addresses) do
    if address ~= gone then
      right[#right + 1] = i
    end
  end
  return right
end

--- Takes an address out of all that is cached of a name; the entries without another go.
---@param runtime table
---@param name string     canonical
---@param address string  without a scope
---@return integer count  of the entries that had it
function prune.remove(runtime, name, address)
  local cache, now, count = runtime.cache, runtime.world:now(), 0
  local type = type_of(address)
  for _, entry in ipairs(cache:list(now, { name = name, type = type }, 32)) do
    local packet, age = cache:copy(name, query.type_numbers[type], now, entry.purpose)
    local addresses = entry.status == "answer" and packet and core.answer.data(packet) or {}
    local right = others(addresses, address)
    if #right < #addresses then
      count = count + 1
      if #right == 0 or not prune.shorten(runtime, entry, packet, age, right) then
        persistence.forget(runtime, { name = name, type = type, purpose = entry.purpose })
      end
    end
  end
  return count
end

return prune
