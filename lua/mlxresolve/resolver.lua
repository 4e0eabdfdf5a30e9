--- A resolver: a policy at work in a world. What `mlx.open` returns.

local cache_filter = require("mlxresolve.cache_filter")
local chains = require("mlxresolve.chain")
local core = require("mlxresolve.core")
local directory = require("mlxresolve.directory")
local dump = require("mlxresolve.dump")
local failures = require("mlxresolve.failures")
local flights = require("mlxresolve.flight")
local memory = require("mlxresolve.memory")
local network = require("mlxresolve.network")
local overview = require("mlxresolve.overview")
local persistence = require("mlxresolve.persistence")
local plugin_cache = require("mlxresolve.plugin_cache")
local replies = require("mlxresolve.replies")
local request = require("mlxresolve.request")
local schedulers = require("mlxresolve.scheduler")
local subscribe = require("mlxresolve.subscribe")
local units = require("mlxresolve.units")

local DEFAULT_DEADLINE = 4500 -- ms
local DEFAULT_STALE_TIMER = 1800 -- ms, RFC 8767 section 5
local DEFAULT_CACHE = { size = 32 * 1024 * 1024, min_ttl = 1, max_ttl = 3600, stale = 0 }
local MAX_NEGATIVE_TTL = 3 * 3600 -- s, RFC 2308 section 5

local resolver = {}
local methods = {}
local mt = { __name = "mlxresolve.resolver", __index = methods }

for _, part in ipairs { directory, dump, memory, subscribe } do
  for name, fn in pairs(part) do
    methods[name] = fn
  end
end

---------------------------------------------------------------- opening

local function new_cache(policy)
  local wanted = policy.cache or {}
  return core.cache.new {
    size = wanted.size or DEFAULT_CACHE.size,
    min_ttl = wanted.min_ttl or DEFAULT_CACHE.min_ttl,
    max_ttl = wanted.max_ttl or DEFAULT_CACHE.max_ttl,
    max_negative_ttl = wanted.max_negative_ttl or MAX_NEGATIVE_TTL,
    stale = wanted.stale or DEFAULT_CACHE.stale,
  }
end

local function take_policy(self, policy)
  self.policy = policy
  self.deadline = policy.deadline or DEFAULT_DEADLINE
  local cache = policy.cache or {}
  self.serves_stale = (cache.stale or 0) > 0
  self.gives_stale_at_once = self.serves_stale and cache.stale_mode == "immediate"
  self.stale_timer = self.serves_stale
    and not self.gives_stale_at_once
    and (cache.stale_timer or DEFAULT_STALE_TIMER)
end

--- Opens a resolver on a checked policy. It serves nothing until `listen` is called.
---@param policy table              checked, see mlxresolve.policy
---@param world mlxresolve.World
---@param options { is_private: boolean? }?  is_private: publish nothing on the network
---@return mlxresolve.Resolver|nil, string? message, string? code
function resolver.new(policy, world, options)
  local cache, message, code = new_cache(policy)
  if not cache then
    return nil, message, code
  end
  local self = setmetatable({
    world = world,
    scheduler = schedulers.new(world),
    cache = cache,
    requests = {},
    delivering = {},
    native_names = {},
    own_listeners = {},
    front = false,
    to_ms = units.duration,
    generation = 1,
    opened_at = world:date(),
    is_private = options and options.is_private or false,
    is_closed = false,
  }, mt)
  take_policy(self, policy)
  self.plugin_cache = plugin_cache.new(self)
  self.failures = failures.new(self)
  self.flights = flights.new(self)
  self.chain = chains.new(self, policy)
  self.chain:open()
  if #self.chain.reactions > 0 then
    self:watch_network()
  end
  return self
end

--- The one mDNS engine, made when first wanted.
function methods:mdns()
  if not self.mdns_engine then
    self.mdns_engine = require("mlxresolve.mdns.engine").new(self)
  end
  return self.mdns_engine
end

---------------------------------------------------------------- asking

--- Resolves a name: A and AAAA unless `options` says otherwise.
---
--- With a callback: returns a request; `request:cancel()` calls back once with ECANCELED;
--- nothing is called back before this function has returned. Without one, inside a coroutine:
--- returns the result, or `nil, message, code`. Result: { name, type, status =
--- "answer"|"nodata"|"nxdomain", addresses = { { address, family, interface, ttl, strategy } },
--- records = { { name, type, ttl, data } }, ms, cached, stale, trace? }; `addresses` and `records`
--- are made when they are first read, so that `pairs` does not show them before. Options: `type` or
--- `types` (list), `purpose`, `timeout` (ms or "800ms"), `trace` (every try), `fresh` (not from
--- the cache).
---@param name string
---@param options table?
---@param callback fun(result: table|nil, message: string?, code: string?)?
function methods:resolve(name, options, callback)
  if type(options) == "function" then
    options, callback = nil, options
  end
  if callback then
    -- no tail call: misuse is reported at our caller's line
    local one = request.new(self, name, options, callback)
    return one
  end
  return request.wait(self, name, options)
end

---------------------------------------------------------------- serving

--- Opens the DNS listener.
---@param addresses string[]?  the policy's when absent
---@return string[]|nil addresses, string? message, string? code
function methods:listen(addresses)
  local wanted = {
    listen = addresses or self.policy.listen,
    allow = self.policy.allow or nil,
  }
  for name, value in pairs(self.policy.front or {}) do
    wanted[name] = value
  end
  local front, message, code = self.world:listen(wanted, self.cache, function(slot, name, number)
    replies.question(self, slot, name, number)
  end)
  if not front then
    return nil, message, code
  end
  self.front = front
  local list = front:addresses()
  for _, address in ipairs(list) do
    self.own_listeners[address] = true
  end
  self.system_list = false
  return list
end

--- Keeps the cache across restarts, where the policy wants it.
function methods:persist()
  self.persistence = persistence.open(self)
end

--- Answers the clients of a flight that has landed.
function methods:reply(flight)
  if self.front then
    replies.send(self.front, flight)
  end
end

local function tell_observers(observers, asked, answer)
  for _, instance in ipairs(observers) do
    if instance.plugin.answered then
      instance:call("answered", false, asked, answer, instance.ctx)
    end
  end
end

--- Tells the observers of an answer.
---@param asked mlxresolve.Query
---@param answer mlxresolve.Answer
function methods:observe(asked, answer)
  local observers = self.chain.observers
  if #observers > 0 then
    self.scheduler:spawn(tell_observers, observers, asked, answer)
  end
end

---------------------------------------------------------------- changes

--- Tells the reactions of network changes from now on.
function methods:watch_network()
  if self.network then
    return
  end
  self.network = network.watch(self, function(change)
    self.changes = (self.changes or 0) + 1
    self.failures:flush()
    self.scheduler:spawn(function()
      for _, instance in ipairs(self.chain.reactions) do
        instance:call("network_changed", false, change, instance.ctx)
      end
    end)
  end)
end

--- Puts another checked policy to work: unchanged instances live on, entries of strategies that are
--- gone are dropped, and questions under way end with the chain that they began with.
---@param policy table
function methods:replace_policy(policy)
  local previous = self.chain
  take_policy(self, policy)
  self.chain = chains.new(self, policy, previous)
  self.chain:open()
  previous:close(self.chain)
  self.generation = self.generation + 1
  local kept = {}
  for hash in pairs(self.chain.by_hash) do
    kept[#kept + 1] = hash
  end
  persistence.forget(self, { strategies_but = kept })
  if self.persistence ~= nil then
    persistence.follow(self)
  end
  self.failures:flush()
  if #self.chain.reactions > 0 then
    self:watch_network()
  end
end

--- Reads the policy's file again; the old policy stays when the new one has mistakes.
---@return true|nil, string? text, string? code
function methods:reload()
  local policies = require("mlxresolve.policy")
  if not self.policy.file then
    return nil, "this policy came from no file", "ENOTSUP"
  end
  local policy, mistakes = policies.load(self.policy.file, { world = self.world })
  if not policy then
    return nil, require("mlxresolve.policy.report").format(mistakes), "EPOLICY"
  end
  self:replace_policy(policy)
  return true
end

methods.list = cache_filter.list
methods.status = overview.status
methods.traces = overview.traces

--- Drops entries of the cache; all of them without a filter.
---@param filter table?  name, suffix, type, interface, strategy, older_than (s)
---@return integer|nil count, string? message, string? code
function methods:flush(filter)
  return self.plugin_cache:flush(filter)
end

--- Closes everything; requests under way are called back with ECANCELED first.
---@param callback fun()?
function methods:close(callback)
  if self.is_closed then
    return
  end
  self.is_closed = true
  for one in pairs(self.requests) do
    one:cancel()
  end
  self.scheduler:spawn(function()
    self.chain:close()
    if self.network then
      self.network:close()
    end
    if self.mdns_engine then
      self.mdns_engine:close()
    end
    if self.persistence then
      self.persistence:close()
    end
    self.world:close()
    if callback then
      callback()
    end
  end)
end

return resolver
