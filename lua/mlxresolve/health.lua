--- The book of addresses in doubt: which address of which name is suspect, dead or verified, since
--- when, and why. An entry ends when the name's answers no longer have the address, and in time.

local without_scope = require("mlxresolve.address").without_scope

local CAPACITY = 1024
-- How long an entry counts when nothing more is heard, ms: a doubt has long been looked into by
-- then, the dead may have risen, and what was verified may have died.
local LIFE = { suspect = 120e3, dead = 120e3, verified = 300e3 }

---@alias mlxresolve.HealthState "suspect"|"dead"|"verified"

---@class mlxresolve.HealthEntry
---@field state mlxresolve.HealthState
---@field reason string
---@field since number  ms, when it came into this state

---@class mlxresolve.Health
---@field count integer
local Health = { __name = "mlxresolve.health" }
Health.__index = Health

local health = {}

---@param runtime table
---@return mlxresolve.Health
function health.new(runtime)
  local ring = {}
  ring.older, ring.newer = ring, ring
  return setmetatable({
    runtime = runtime,
    names = {}, -- name → address → entry
    ring = ring, -- entries, the one marked longest ago behind `newer`
    count = 0,
    listeners = {},
  }, Health)
end

local function now_of(self)
  return self.runtime.world:now()
end

local function unlink(entry)
  entry.older.newer, entry.newer.older = entry.newer, entry.older
end

local function link(self, entry)
  local ring = self.ring
  entry.older, entry.newer = ring.older, ring
  ring.older.newer, ring.older = entry, entry
end

local function drop(self, entry)
  unlink(entry)
  local of_name = self.names[entry.name]
  of_name[entry.address] = nil
  if not next(of_name) then
    self.names[entry.name] = nil
  end
  self.count = self.count - 1
end

local function is_over(self, entry)
  return now_of(self) >= entry.marked_at + LIFE[entry.state]
end

local function tell(self, name, address, state, reason)
  for _, listener in ipairs(self.listeners) do
    self.runtime.scheduler:spawn(listener.call, listener, { name, address, state, reason })
  end
end

local function find(self, name, address)
  local of_name = self.names[name]
  local entry = of_name and of_name[without_scope(address)]
  if entry and is_over(self, entry) then
    drop(self, entry)
    return nil
  end
  return entry
end

local function add(self, name, address)
  if self.count >= CAPACITY then
    drop(self, self.ring.newer)
  end
  local entry = { name = name, address = address, state = false, reason = false }
  local of_name = self.names[name] or {}
  self.names[name] = of_name
  of_name[address] = entry
  self.count = self.count + 1
  return entry
end

--- Notes what is known of an address. Listeners hear of it when the state has changed.
---@param name string     canonical
---@param address string
---@param state mlxresolve.HealthState
---@param reason string   for people
function Health:mark(name, address, state, reason)
  if not LIFE[state] then
    error(('mark: expected "suspect", "dead" or "verified", got %s'):format(tostring(state)), 2)
  end
  local entry = find(self, name, address)
  if entry then
    unlink(entry)
  else
    entry = add(self, name, without_scope(address))
  end
  link(self, entry)
  entry.marked_at, entry.reason = now_of(self), reason
  if entry.state ~= state then
    entry.state, entry.since = state, entry.marked_at
    tell(self, name, entry.address, state, reason)
  end
end

--- What is known of an address; nil when it is in no doubt.
---@param name string
---@param address string
---@return mlxresolve.HealthEntry|nil
function Health:of(name, address)
  return self.count > 0 and find(self, name, address) or nil
end

--- The addresses of a name that are suspect.
---@param name string
---@return string[]
function Health:suspects(name)
  local list = {}
  for address, entry in pairs(self.names[name] or {}) do
    if entry.state == "suspect" and not is_over(self, entry) then
      list[#list + 1] = address
    end
  end
  return list
end

--- Forgets an address of a name, or all of them; listeners hear of it as state `false`.
---@param name string
---@param address string?
---@param reason string?  for those who are told
function Health:clear(name, address, reason)
  for known, entry in pairs(self.names[name] or {}) do
    if not address or known == without_scope(address) then
      drop(self, entry)
      tell(self, name, known, false, reason or "cleared")
    end
  end
end

--- A new answer: what it has no longer leaves the book.
---@param name string
---@param family "ipv4"|"ipv6"  of the answer
---@param addresses string[]
function Health:follow(name, family, addresses)
  local of_name = self.names[name]
  if not of_name then
    return
  end
  local said = {}
  for _, address in ipairs(addresses) do
    said[address] = true
  end
  for address in pairs(of_name) do
    local is_ipv6 = address:find(":", 1, true) ~= nil
    if is_ipv6 == (family == "ipv6") and not said[address] then
      self:clear(name, address, "no longer said")
    end
  end
end

--- The positions of those addresses that are not known dead, and the ms until the first of the
--- others counts no longer as dead; nil when all are, or none is.
---@param name string
---@param addresses string[]
---@return integer[]|nil, number? ms
function Health:living(name, addresses)
  if not self.names[name] then
    return nil
  end
  local alive, till = {}, math.huge
  for i, address in ipairs(addresses) do
    local entry = find(self, name, address)
    if entry and entry.state == "dead" then
      till = math.min(till, entry.marked_at + LIFE.dead)
    else
      alive[#alive + 1] = i
    end
  end
  if #alive == 0 or #alive == #addresses then
    return nil
  end
  return alive, till - now_of(self)
end

local Listener = {}
Listener.__index = Listener

function Listener:call(event)
  if not self.is_closed then
    self.fn(event[1], event[2], event[3], event[4])
  end
end

function Listener:close()
  self.is_closed = true
  for i, other in ipairs(self.health.listeners) do
    if other == self then
      table.remove(self.health.listeners, i)
    end
  end
end

--- Calls back, in tasks, when the state of an address changes; `false` is the end of an entry by
--- other means than time.
---@param fn fun(name: string, address: string, state: mlxresolve.HealthState|false, reason: string)
---@return { close: fun(self) }
function Health:on_change(fn)
  local listener = setmetatable({ health = self, fn = fn, is_closed = false }, Listener)
  self.listeners[#self.listeners + 1] = listener
  return listener
end

--- Entries as plain tables, for people: { name, address, state, reason, since }.
---@return table[]
function Health:list()
  local list = {}
  local entry = self.ring.newer
  while entry ~= self.ring do
    local following = entry.newer
    if is_over(self, entry) then
      drop(self, entry)
    else
      list[#list + 1] = {
        name = entry.name,
        address = entry.address,
        state = entry.state,
        reason = entry.reason,
        since = entry.since,
      }
    end
    entry = following
  end
  return list
end

return health
