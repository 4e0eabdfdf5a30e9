--- What a resolver says of itself: `status` and the traces of the latest queries, as plain tables
--- that JSON can hold.

local overview = {}

local function add_step(list, step, race)
  if step.members then
    for _, member in ipairs(step.members) do
      add_step(list, member, step.label)
    end
    return
  end
  local entry = step.instance:status()
  entry.race = race
  list[#list + 1] = entry
end

--- The strategies in the order in which they are asked; members of a race one after the other.
local function strategies(chain)
  local list = {}
  for _, step in ipairs(chain.steps) do
    add_step(list, step, nil)
  end
  return list
end

local function statuses(instances)
  local list = {}
  for i, instance in ipairs(instances or {}) do
    list[i] = instance:status()
  end
  return list
end

local function interfaces(world)
  local list = {}
  for i, interface in ipairs(world:interfaces()) do
    local addresses = {}
    for n, entry in ipairs(interface.addresses or {}) do
      addresses[n] = entry.address .. (entry.prefix and "/" .. entry.prefix or "")
    end
    list[i] = {
      name = interface.name,
      index = interface.index,
      kind = interface.kind,
      up = interface.up == true,
      addresses = addresses,
    }
  end
  return list
end

--- Addresses that are in doubt, dead, or were found alive after a doubt.
local function health(resolver)
  local list, now = resolver.health:list(), resolver.world:now()
  for _, entry in ipairs(list) do
    entry.seconds = math.floor((now - entry.since) / 1000)
    entry.since = nil
  end
  return list
end

--- Everything that a person or a program may want to know about a resolver at work.
---@param resolver mlxresolve.Resolver
---@return table
function overview.status(resolver)
  local front, flights, chain = resolver.front, resolver.flights, resolver.chain
  return {
    generation = resolver.generation,
    listen = front and front:addresses() or {},
    strategies = strategies(chain),
    retries = statuses(chain.retries),
    rankers = statuses(chain.rankers),
    reactions = statuses(chain.reactions),
    observers = statuses(chain.observers),
    cache = resolver.cache:stats(),
    persistence = resolver.persistence and resolver.persistence:status() or false,
    dns = front and front:stats() or nil,
    queries = {
      under_way = flights.count,
      started = flights.started,
      joined = flights.joined,
      refreshed = flights.refreshed,
    },
    published = resolver.mdns_engine and resolver.mdns_engine:published() or {},
    watches = resolver.watches:list(),
    health = health(resolver),
    in_use = resolver.in_use.count,
    interfaces = interfaces(resolver.world),
    network_changes = resolver.changes or 0,
  }
end

--- The latest queries that the cache could not answer, the newest first, each with every try.
---@param resolver mlxresolve.Resolver
---@param limit integer
---@return table[]
function overview.traces(resolver, limit)
  local flights, list = resolver.flights, {}
  local at, size = flights.next_history, #flights.history
  for _ = 1, math.min(limit, size) do
    at = at > 1 and at - 1 or size
    local entry = flights.history[at]
    list[#list + 1] = {
      name = entry.name,
      type = entry.type,
      status = entry.status or "error",
      ms = entry.ms,
      trace = entry.trace:list(),
    }
  end
  return list
end

return overview
