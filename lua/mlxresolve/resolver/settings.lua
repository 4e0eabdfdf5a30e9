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
  if size_of(policy) ~= size_of(self.policy) then
    self.world:log("warn", "policy: cache.size takes effect after a restart")
  end
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
