--- The cache across restarts: what is put and flushed goes to the store too, which writes behind
--- and loads at the start. Whatever happens to its file, resolving goes on.

local fingerprint = require("mlxresolve.policy.fingerprint")

local FILE_SHARE = 3 -- times the cache's size: a half empty B-tree and copies of changed pages
local LOAD_PATIENCE = 5 -- ms that a question waits for what is just being loaded
local CLOSE_PATIENCE = 500 -- ms

local persistence = {}
local methods = {}
local mt = { __name = "mlxresolve.persistence", __index = methods }

--- A file in the folder for the state of programs.
---@param world mlxresolve.World
---@param name string
---@return string|nil path, string? message, string? code
function persistence.state_file(world, name)
  local state, home = world:env("XDG_STATE_HOME"), world:env("HOME")
  if state and state:sub(1, 1) == "/" then
    return (state:gsub("/+$", "")) .. "/mlxresolve/" .. name
  elseif world:uid() == 0 then
    return (jit.os == "OSX" and "/var/db" or "/var/lib") .. "/mlxresolve/" .. name
  elseif home and home:sub(1, 1) == "/" then
    return (home:gsub("/+$", "")) .. "/.local/state/mlxresolve/" .. name
  end
  return nil, "neither XDG_STATE_HOME nor HOME is set", "ENOENT"
end

--- The file of the cache that a policy means.
---@param world mlxresolve.World
---@param wanted string  "auto": in the folder for the state of programs
---@return string|nil path, string? message, string? code
function persistence.path(world, wanted)
  if wanted ~= "auto" then
    return wanted
  end
  local path, message, code = persistence.state_file(world, "cache")
  return path, message and 'cache: persist = "auto": ' .. message, code
end

local tell = {}

function tell.loaded(world, text, count)
  world:log("info", ("cache: %d entries of %s"):format(count, text))
end

--- What was heard on a link may be of another network.
local function review(runtime)
  local withheld = runtime.onlink and runtime.onlink:review() or 0
  if withheld > 0 then
    runtime.world:log("info", ("cache: %d answers of other networks withheld"):format(withheld))
  end
end

function tell.aside(world, text)
  world:log("warn", "cache: " .. text)
end

function tell.problem(world, text)
  world:log("warn", ("cache: %s; answers are not kept on disk for now"):format(text))
end

function tell.works(world, text)
  world:log("info", ("cache: %s: answers are kept on disk again"):format(text))
end

local function known_strategies(runtime)
  local list = {}
  for hash in pairs(runtime.chain.by_hash) do
    list[#list + 1] = hash
  end
  return list
end

--- What was forgotten while a file was not in use must not come back with it.
local function forget_missed(self, path)
  local runtime = self.runtime
  local seen = runtime.forgotten_when_closed[path] or 0
  if runtime.forgotten > seen then
    self.store:flush(runtime.world:now())
  end
end

--- Opens the store that the policy wants; false without one.
---@param runtime mlxresolve.Resolver
---@return mlxresolve.Persistence|false
function persistence.open(runtime)
  local world, wanted = runtime.world, runtime.policy.cache or {}
  if not wanted.persist or not world.store then
    return false
  end
  local path, message = persistence.path(world, wanted.persist)
  if not path then
    tell.problem(world, message)
    return false
  end
  local self = setmetatable({
    runtime = runtime,
    wanted = wanted.persist,
    is_loading = true,
    store = false,
    path = false,
    names = {},
  }, mt)
  local options = {
    path = path,
    bytes = runtime.cache:stats().capacity * FILE_SHARE,
    strategies = known_strategies(runtime),
    min_ttl = wanted.min_ttl,
    now = world:now(),
  }
  self.store, message = world:store(options, runtime.cache, function(kind, text, count)
    self.is_loading = false
    runtime.in_use:notice_hits()
    tell[kind](world, text, count)
    if kind == "loaded" then
      review(runtime)
    end
  end)
  if not self.store then
    tell.problem(world, message)
    return false
  end
  self.path = path
  forget_missed(self, path)
  return self
end

--- Opens, closes or changes the store, as another policy wants it.
---@param runtime mlxresolve.Resolver
function persistence.follow(runtime)
  local present = runtime.persistence
  local wanted = runtime.policy.cache and runtime.policy.cache.persist or false
  if wanted == (present and present.wanted) then
    return
  end
  if present then
    present:close()
  end
  runtime.persistence = persistence.open(runtime)
end

---------------------------------------------------------------- what the cache is told

--- The name of an interface, also of one that has just gone.
local function name_of(self, index)
  if not index or index == 0 then
    return false
  end
  local name = self.names[index]
  if not name then
    name = self.runtime:interface_name(index)
    self.names[index] = name or nil
  end
  return name
end

--- Puts an answer into the cache, and where it survives; what the limits have changed comes back.
---@param runtime mlxresolve.Resolver
---@param packet string
---@param note mlxresolve.CacheNote
---@return true|nil, string? message_or_kept, string? code
function persistence.keep(runtime, packet, note)
  local present, now = runtime.persistence, runtime.world:now()
  local ok, message, code = runtime.cache:put(packet, now, note)
  if ok and present then
    present.store:put(packet, now, note, name_of(present, note.interface))
  end
  return ok, message, code
end

-- An mDNS engine may stand alone, without a resolver that counts.
local function count(runtime)
  runtime.forgotten = (runtime.forgotten or 0) + 1
end

--- Drops what a filter of the core means, there too.
---@param runtime mlxresolve.Resolver
---@param filter mlxresolve.CacheFilter?
---@return integer count
function persistence.forget(runtime, filter)
  local present, now = runtime.persistence, runtime.world:now()
  if not (filter and filter.strategies_but) then -- those are looked for when a file is opened
    count(runtime)
  end
  if present then
    -- first, or what is just being loaded would come after the flush
    present.store:flush(now, filter, filter and name_of(present, filter.interface))
  end
  return runtime.cache:flush(now, filter)
end

--- Lets what a filter of the core means run out; a restart does not bring it back.
---@param runtime mlxresolve.Resolver
---@param filter mlxresolve.CacheFilter
---@return integer count  of what was fresh
function persistence.expire(runtime, filter)
  local present, now = runtime.persistence, runtime.world:now()
  count(runtime)
  if present then
    present.store:flush(now, filter, name_of(present, filter.interface))
  end
  return runtime.cache:expire(now, filter)
end

--- Waits a moment for what is just being loaded, in a task: a fresh answer to its question, if
--- there is one then.
---@param flight mlxresolve.Flight
---@param patience number?  ms
---@return string|nil packet, integer? ttl, integer? age, integer? strategy, integer? interface
function methods:await(flight, patience)
  local runtime = self.runtime
  local scheduler, world = runtime.scheduler, runtime.world
  local till = world:now() + (patience or LOAD_PATIENCE)
  while self.is_loading and world:now() < till do
    scheduler:sleep(1)
  end
  local purpose = fingerprint.text(flight.query.purpose)
  return runtime.cache:get(flight.name, flight.number, world:now(), purpose, false)
end

--- What `status` says of it.
---@return table
function methods:status()
  return self.store:stats()
end

--- Writes what is left, within half a second.
function methods:close()
  local world = self.runtime.world
  self.runtime.forgotten_when_closed[self.path] = self.runtime.forgotten
  if not world:close_store(self.store, CLOSE_PATIENCE) then
    world:log("warn", "cache: not everything could be kept on disk")
  end
  self.runtime.persistence = false
end

return persistence
