--- What a policy sets for the resolver itself: its times and its cache, with the defaults.

local core = require("mlxresolve.core")

local DEFAULT_DEADLINE = 4500 -- ms
local DEFAULT_STALE_TIMER = 1800 -- ms, RFC 8767 section 5
local DEFAULT_CACHE = { size = 32 * 1024 * 1024, min_ttl = 1, max_ttl = 3600, stale = 0 }
local MAX_NEGATIVE_TTL = 3 * 3600 -- s, RFC 2308 section 5

local settings = {}

local function size_of(policy)
  return policy.cache and policy.cache.size or DEFAULT_CACHE.size
end

local function times_of(policy)
  local wanted = policy.cache or {}
  return {
    min_ttl = wanted.min_ttl or DEFAULT_CACHE.min_ttl,
    max_ttl = wanted.max_ttl or DEFAULT_CACHE.max_ttl,
    max_negative_ttl = wanted.max_negative_ttl or MAX_NEGATIVE_TTL,
    stale = wanted.stale or DEFAULT_CACHE.stale,
  }
end

--- The cache that a policy wants.
---@param policy table
---@param world mlxresolve.World
---@return mlxresolve.Cache|nil, string? message, string? code
function settings.new_cache(policy, world)
  local options = times_of(policy)
  options.size, options.seed = size_of(policy), world:hash_seed()
  return core.cache.new(options)
end

--- Makes the cache of a resolver go by another policy than the one that it has.
---@param self mlxresolve.Resolver
---@param policy table
function settings.tune_cache(self, policy)
  local ok, message = self.cache:tune(times_of(policy))
  if not ok then
    self.world:log("warn", "policy: cache: its times stay as they were: " .. message)
  end
end

local function is_same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not is_same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

-- What a resolver is opened with, and cannot take from another policy while it works.
local AT_START = { "listen", "allow", "control", "front" }

--- Fields of a newer policy that differ from those at work, and wait for the next start.
---@param opened_with table  the policy that the resolver began with
---@param policy table
---@return string[] fields
function settings.waiting(opened_with, policy)
  local fields = {}
  for _, name in ipairs(AT_START) do
    if not is_same(opened_with[name], policy[name]) then
      fields[#fields + 1] = name
    end
  end
  if size_of(opened_with) ~= size_of(policy) then
    fields[#fields + 1] = "cache.size"
  end
  return fields
end

--- Makes a resolver go by a policy.
---@param self mlxresolve.Resolver
---@param policy table
function settings.take(self, policy)
  self.policy = policy
  self.deadline = policy.deadline or DEFAULT_DEADLINE
  local cache = policy.cache or {}
  self.serves_stale = (cache.stale or 0) > 0
  self.gives_stale_at_once = self.serves_stale and cache.stale_mode == "immediate"
  self.stale_timer = self.serves_stale
    and not self.gives_stale_at_once
    and (cache.stale_timer or DEFAULT_STALE_TIMER)
  if policy.http then
    self.world:log("warn", "policy: `http` has no effect in this version: nothing is served there")
  end
end

return settings
