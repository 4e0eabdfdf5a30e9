--- A resolver: a policy at work in a world. What `mlx.open` returns.

local cache_filter = require("mlxresolve.cache_filter")
local chains = require("mlxresolve.chain")
local changes = require("mlxresolve.resolver.changes")
local directory = require("mlxresolve.directory")
local dump = require("mlxresolve.dump")
local failures = require("mlxresolve.failures")
local flights = require("mlxresolve.flight")
local healths = require("mlxresolve.health")
local identities = require("mlxresolve.identity")
local in_use = require("mlxresolve.in_use")
local memory = require("mlxresolve.memory")
local overview = require("mlxresolve.overview")
local plugin_cache = require("mlxresolve.plugin_cache")
local remembered = require("mlxresolve.remembered")
local request = require("mlxresolve.request")
local schedulers = require("mlxresolve.scheduler")
local serving = require("mlxresolve.resolver.serving")
local settings = require("mlxresolve.resolver.settings")
local subscribe = require("mlxresolve.subscribe")
local units = require("mlxresolve.units")
local watches = require("mlxresolve.subscribe.watches")

local resolver = {}
local methods = {}
local mt = { __name = "mlxresolve.resolver", __index = methods }

for _, part in ipairs { changes, directory, dump, memory, serving, subscribe } do
  for name, fn in pairs(part) do
    methods[name] = fn
  end
end

---------------------------------------------------------------- opening

--- Opens a resolver on a checked policy. It serves nothing until `listen` is called.
---@param policy table              checked, see mlxresolve.policy
---@param world mlxresolve.World
---@param options { is_private: boolean? }?  is_private: publish nothing on the network
---@return mlxresolve.Resolver|nil, string? message, string? code
function resolver.new(policy, world, options)
  local cache, message, code = settings.new_cache(policy, world)
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
    rechecks = {},
    forgotten = 0, -- how often something was flushed
    forgotten_when_closed = {}, -- the same, when the cache's file of this path was closed
    doubted_at = -math.huge, -- ms, when the network made answers doubtful last
    onlink = false,
    front = false,
    to_ms = units.duration,
    generation = 1,
    opened_at = world:date(),
    opened_with = policy,
    is_private = options and options.is_private or false,
    is_closed = false,
    closing = false, -- callbacks
  }, mt)
  settings.take(self, policy)
  self.plugin_cache = plugin_cache.new(self)
  self.failures = failures.new(self)
  self.health = healths.new(self)
  self.watches = watches.new(self)
  self.flights = flights.new(self)
  self.in_use = in_use.new(self)
  self.in_use:hold_peers(policy.peers)
  self.identity = identities.new(self)
  self.remembered = remembered.new(world)
  self.chain = chains.new(self, policy)
  self.identity:follow(self.chain.pins)
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

---------------------------------------------------------------- looking and dropping

methods.list = cache_filter.list
methods.status = overview.status
methods.traces = overview.traces

--- Drops entries of the cache; all of them without a filter.
---@param filter table?  name, suffix, type, interface, strategy, older_than (s)
---@return integer|nil count, string? message, string? code
function methods:flush(filter)
  return self.plugin_cache:flush(filter)
end

--- Closes everything; requests under way are called back with ECANCELED first. Whoever closes it
--- once more is called back, too: at once when it is over.
---@param callback fun()?
function methods:close(callback)
  local waiting = self.closing
  if callback and waiting then
    waiting[#waiting + 1] = callback
  elseif callback and self.is_closed then
    callback()
  end
  if self.is_closed then
    return
  end
  self.is_closed, self.closing = true, { callback }
  for one in pairs(self.requests) do
    one:cancel()
  end
  self.scheduler:spawn(function()
    self.chain:close()
    self:leave_network()
    if self.mdns_engine then
      self.mdns_engine:close()
    end
    if self.persistence then
      self.persistence:close()
    end
    self.world:close()
    local told = self.closing
    self.closing = false
    for _, fn in ipairs(told) do
      fn()
    end
  end)
end

return resolver
