--- The names in use: asked for within a minute, watched, or a peer of the policy; at most 64.
---
--- Answers from the cache go out without anybody here hearing of it, and keep doing so: the cache
--- notes when an entry was asked for last, and that is looked up when a minute is over. A name that
--- falls out is marked idle in the cache; its next hit is told, as one that is due is.
---
--- Nothing is counted, and nothing marked, unless somebody follows.

local core = require("mlxresolve.core")
local query = require("mlxresolve.query")

local LIMIT = 64
local LIFE = 60e3 -- ms
local MOST_LISTED = 512 -- entries, when places have become free

local FAMILIES = { "A", "AAAA" }

local in_use = {}

---@class mlxresolve.InUse
local InUse = { __name = "mlxresolve.in_use" }
InUse.__index = InUse

---@param runtime table
---@return mlxresolve.InUse
function in_use.new(runtime)
  return setmetatable({
    runtime = runtime,
    names = {}, -- name → when it was asked for, ms
    count = 0,
    held = {}, -- name → how many hold it
    followers = {},
    is_on = false, -- read for every question that the cache cannot answer
    is_full = false,
    peers = {},
  }, InUse)
end

---------------------------------------------------------------- who is in

local function is_within(name, zones)
  for _, zone in ipairs(zones) do
    if query.is_under(name, zone) then
      return true
    end
  end
  return false
end

local function is_followed(self, name)
  for _, follower in ipairs(self.followers) do
    if is_within(name, follower.zones) then
      return true
    end
  end
  return false
end

local function wake_followers(self)
  for _, follower in ipairs(self.followers) do
    local task = follower.task
    follower.task = false
    if task then
      task:wake()
    end
  end
end

local function drop(self, name, now)
  self.names[name] = nil
  self.count = self.count - 1
  self.runtime.cache:mark(now, { name = name }, { idle = true })
end

-- Whoever is watched or a peer comes before who was asked for longest ago.
local function make_room(self)
  local oldest
  for name, at in pairs(self.names) do
    if not self.held[name] and (not oldest or at < self.names[oldest]) then
      oldest = name
    end
  end
  if oldest then
    drop(self, oldest, self.runtime.world:now())
  end
  return oldest
end

local function add(self, name, at)
  if not is_followed(self, name) then
    return
  elseif self.count >= LIMIT then
    self.is_full = true
    if not (self.held[name] and make_room(self)) then
      return
    end
  end
  self.names[name] = at
  self.count = self.count + 1
  if self.count == 1 then
    wake_followers(self)
  end
end

local function add_held(self, now)
  for name in pairs(self.held) do
    if not self.names[name] then
      add(self, name, now)
    end
  end
end

--- Somebody has asked for a name.
---@param name string  canonical
function InUse:note(name)
  local now = self.runtime.world:now()
  if self.names[name] then
    self.names[name] = now
  else
    add(self, name, now)
  end
end

--- From now on a name is in use, until it is released as often.
---@param name string  canonical
function InUse:hold(name)
  self.held[name] = (self.held[name] or 0) + 1
  if self.is_on and not self.names[name] then
    add(self, name, self.runtime.world:now())
  end
end

---@param name string
function InUse:release(name)
  local count = self.held[name] or 0
  self.held[name] = count > 1 and count - 1 or nil
end

local function plain_names(peers)
  local names = {}
  for _, peer in ipairs(peers or {}) do
    names[peer.name] = not core.address.parse(peer.name) or nil
  end
  return names
end

--- Holds the hosts of a policy's peers, in place of those of the policy before.
---@param peers { name: string, port: integer }[]?
function InUse:hold_peers(peers)
  local names = plain_names(peers)
  for name in pairs(names) do
    self:hold(name)
  end
  for name in pairs(self.peers) do
    self:release(name)
  end
  self.peers = names
end

---------------------------------------------------------------- who falls out

--- When the cache was asked for a name last, ms; nothing when it does not have it.
local function asked_at(self, name, now)
  local idle
  for _, entry in ipairs(self.runtime.cache:list(now, { name = name }, 32)) do
    idle = math.min(idle or math.huge, entry.idle)
  end
  return idle and now - idle * 1000
end

--- Those who were left out for want of room, and are still asked for.
local function fill_up(self, now)
  self.is_full = false
  add_held(self, now)
  local filter = { used_within = LIFE / 1000 }
  for _, entry in ipairs(self.runtime.cache:list(now, filter, MOST_LISTED)) do
    local at = now - entry.idle * 1000
    if not self.names[entry.name] and now - at < LIFE then
      add(self, entry.name, at)
    end
  end
end

local function sort_out(self)
  local now, has_room = self.runtime.world:now(), false
  for name, at in pairs(self.names) do
    if now - at >= LIFE and not self.held[name] then
      at = asked_at(self, name, now) or at
      self.names[name] = at
      if now - at >= LIFE then
        drop(self, name, now)
        has_room = true
      end
    end
  end
  if has_room and self.is_full then
    fill_up(self, now)
  end
end

---------------------------------------------------------------- following

local function addresses_of(self, name, now)
  local list = {}
  for _, type in ipairs(FAMILIES) do
    local packet, age, ttl, _, interface =
      self.runtime.cache:copy(name, query.type_numbers[type], now)
    local is_fresh = packet and age < ttl * 1000
    for _, address in ipairs(is_fresh and core.answer.data(packet) or {}) do
      local zone = address:find("^fe[89ab]") and self.runtime:interface_name(interface)
      list[#list + 1] = zone and address .. "%" .. zone or address
    end
  end
  return list
end

local function own_addresses(self)
  local own = {}
  for _, interface in ipairs(self.runtime.world:interfaces()) do
    for _, entry in ipairs(interface.addresses or {}) do
      own[entry.address] = true
    end
  end
  return own
end

local Follower = { __name = "mlxresolve.follower" }
Follower.__index = Follower

--- The names in use in the follower's zones, without this machine's own, sorted, as the cache has
--- them now: { name, is_held, port, addresses = { "192.0.2.1", "fe80::1%eth0", … } }.
---@return table[]
function Follower:list()
  local all, list = self.in_use, {}
  sort_out(all)
  local now, own = all.runtime.world:now(), own_addresses(all)
  for name in pairs(all.names) do
    local addresses = is_within(name, self.zones) and addresses_of(all, name, now)
    if addresses and not own[addresses[1]] then
      list[#list + 1] = {
        name = name,
        is_held = all.held[name] ~= nil,
        port = all.runtime:peer_port(name) or nil,
        addresses = addresses,
      }
    end
  end
  table.sort(list, function(a, b)
    return a.name < b.name
  end)
  return list
end

local function stop_waiting(follower)
  follower.task = false
end

--- Waits, in a task, until any name is in use. While there is none, nothing wakes the machine.
function Follower:await()
  local scheduler = self.in_use.runtime.scheduler
  while self.in_use.count == 0 do
    self.task = scheduler:current()
    scheduler:wait(stop_waiting, self)
  end
end

function Follower:close()
  self.is_closed = true
  local followers = self.in_use.followers
  for i = #followers, 1, -1 do
    if followers[i] == self then
      table.remove(followers, i)
    end
  end
  self.in_use.is_on = #followers > 0
end

--- Begins to follow the names in some zones. What the cache has is told when it is asked for.
---@param zones string[]  canonical
---@return mlxresolve.Follower
function InUse:follow(zones)
  local follower = setmetatable({ in_use = self, zones = zones, task = false }, Follower)
  self.followers[#self.followers + 1] = follower
  self.is_on = true
  self:notice_hits()
  add_held(self, self.runtime.world:now())
  return follower
end

--- Has the next hits told of all that the cache has now.
function InUse:notice_hits()
  for _, follower in ipairs(self.followers) do
    for _, zone in ipairs(follower.zones) do
      self.runtime.cache:mark(self.runtime.world:now(), { suffix = zone }, { idle = true })
    end
  end
end

return in_use
