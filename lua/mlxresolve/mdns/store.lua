--- The records that were heard, with their time to live (RFC 6762 section 10).
---
--- One store for all interfaces: a record knows the one it came in on, and the same data
--- heard on two of them are two records. Nothing runs here by itself: what has expired is
--- dropped when its name is touched or when room is needed. Bounded in records and per name;
--- when full, the names that were stored longest ago go first, except those being asked for.

local rrsets = require("mlxresolve.mdns.rrsets")
local stored = require("mlxresolve.mdns.stored")

-- Less than a power of two: a table that is full to its last place is made anew by every newcomer.
local MAX_RECORDS = 6000
-- A type of service may have many instances; of nothing else are there more for one name.
local MAX_PER_NAME, MAX_POINTERS = 64, 1024

---@class mlxresolve.mdns.Store
---@field size integer  records held
local Store = { __name = "mlxresolve.mdns.Store" }
Store.__index = Store

local store = {}

local NONE = {}

---@param interest mlxresolve.Interest  told which names are stored
---@return mlxresolve.mdns.Store
function store.new(interest)
  local ring = {}
  ring.older, ring.newer = ring, ring
  return setmetatable({
    interest = interest,
    names = {}, -- name -> list of records; `given` when an answer was made of it
    ring = ring, -- the lists, the one stored longest ago behind `newer`
    pinned = {}, -- name -> how many wait for it
    size = 0,
    appeared = {}, -- name -> true: given, and records appeared since the last `settle`
    doomed = {}, -- name and record in turn: doomed since the last `settle`
    changed = {},
  }, Store)
end

---------------------------------------------------------------- room

local function add_name(self, name)
  local ring = self.ring
  local list = { name = name, given = false, older = ring.older, newer = ring }
  list.older.newer, ring.older = list, list
  self.names[name] = list
  self.interest:add(name, "awaited")
  return list
end

local function drop_name(self, name)
  local list = self.names[name]
  self.size = self.size - #list
  self.names[name] = nil
  list.older.newer, list.newer.older = list.newer, list.older
  self.interest:remove(name, "awaited")
end

--- Keeps the records for which `keep(record, argument)` is true; the list if any is left.
local function filter(self, name, keep, argument)
  local list = self.names[name]
  local kept, had = 0, #list
  for i = 1, had do
    local record = list[i]
    if keep(record, argument) then
      kept = kept + 1
      list[kept] = record
    end
  end
  for i = had, kept + 1, -1 do
    list[i] = nil
  end
  self.size = self.size - (had - kept)
  if kept > 0 then
    return list
  end
  drop_name(self, name)
  return nil
end

local function is_alive(record, now)
  return record.expires > now
end

--- The living records of a name; the list is made anew only when one of them has expired.
local function living(self, name, now)
  local list = self.names[name]
  for i = 1, list and #list or 0 do
    if list[i].expires <= now then
      return filter(self, name, is_alive, now)
    end
  end
  return list
end

--- Drops the oldest names that nobody waits for until one more record fits.
local function make_room(self, now)
  local list = self.ring.newer
  while self.size >= MAX_RECORDS and list ~= self.ring do
    local following = list.newer
    if living(self, list.name, now) and not self.pinned[list.name] then
      drop_name(self, list.name)
    end
    list = following
  end
  return self.size < MAX_RECORDS
end

--- Keeps one more record; its name's list, or nothing when there is no room.

local function append(self, name, record, now)
  local list = self.names[name]
  local most = record.type == "PTR" and MAX_POINTERS or MAX_PER_NAME
  if (list and #list >= most) or (self.size >= MAX_RECORDS and not make_room(self, now)) then
    return nil
  end
  list = self.names[name] or add_name(self, name)
  list[#list + 1] = record
  self.size = self.size + 1
  return list
end

---------------------------------------------------------------- what was heard

local function doom(self, name, record, reason, now)
  stored.doom(record, reason, now)
  self.doomed[#self.doomed + 1] = name
  self.doomed[#self.doomed + 1] = record
end

--- Section 10.2: members of the set that are older than a second end in a second, unless
--- this packet or another says them again.
local function flush_older(self, list, new, interface, now)
  for i = 1, #list do
    local old = list[i]
    local is_other = old.type == new.type and old.interface == interface and old.data ~= new.data
    if is_other and not old.is_doomed and now - old.added > stored.GRACE then
      doom(self, new.name, old, "replaced", now)
    end
  end
end

local function is_other_type(record, type)
  return record.type ~= type
end

--- Keeps a record of a response, or ends one.
---@param record mlxresolve.Record
---@param interface integer
---@param now number
---@param source string?  the host's address
---@return boolean is_news  false for what is known, and lasts as long as it was known to
function Store:put(record, interface, now, source)
  local name, type = record.name, record.type
  local list = living(self, name, now)
  local same = list and rrsets.find(list, type, record.data, interface)
  if record.ttl == 0 then
    if same then
      doom(self, name, same, "goodbye", now)
    end
    return same ~= nil
  end
  local dooms = #self.doomed
  if list and record.cache_flush then
    flush_older(self, list, record, interface, now)
  end
  local is_news = #self.doomed > dooms
  if same then
    local ended, was_doubted = same.expires, same.is_doomed or same.is_suspect
    stored.renew(same, record, now, source)
    return is_news or was_doubted or same.expires < ended
  end
  local kept = append(self, name, stored.new(record, interface, now, source), now)
  if not kept then
    return is_news
  elseif kept.given then
    self.appeared[name] = true
  end
  if kept[2] then
    filter(self, name, is_other_type, "!" .. type)
  end
  return true
end

--- Notes that a type stays silent: a denial that counts from `from` on, for `ttl` seconds.
--- A record of that type takes its place whenever it comes.
---@param name string
---@param type string
---@param interface integer
---@param from number
---@param ttl integer
---@param now number
function Store:deny(name, type, interface, from, ttl, now)
  if self.names[name] then
    filter(self, name, is_other_type, "!" .. type)
  end
  append(self, name, stored.silence(type, interface, from, ttl, now), now)
end

---------------------------------------------------------------- what is known

--- The data of an RRset: see rrsets.data.
---@return string[]|nil data, integer? ttl, integer? interface
function Store:get(name, type, now, interfaces)
  return rrsets.data(self:records(name, now), type, now, interfaces)
end

--- Is it known that the name lacks the type: see rrsets.denial.
---@return integer|nil ttl, number|nil interface_or_moment
function Store:denies(name, type, now, interfaces)
  return rrsets.denial(self:records(name, now), type, now, interfaces)
end

--- The living records of a name themselves, of any type and interface; not to be kept changed.
---@param name string
---@param now number
---@return mlxresolve.mdns.Stored[]
function Store:records(name, now)
  return living(self, name, now) or NONE
end

--- Notes that somebody was told what is known of a name: he would miss a change.
---@param name string
function Store:give(name)
  local list = self.names[name]
  if list then
    list.given = true
  end
end

--- The names of which somebody was told and whose records have changed since the last call:
--- a table that the next call reuses.
---@return table<string, boolean>
function Store:settle()
  local changed, doomed = self.changed, self.doomed
  if not doomed[1] and not next(self.appeared) then
    return NONE
  end
  for name in pairs(changed) do
    changed[name] = nil
  end
  for name in pairs(self.appeared) do
    self.appeared[name] = nil
    changed[name] = true
  end
  for i = #doomed, 1, -2 do
    if doomed[i].is_doomed then
      changed[doomed[i - 1]] = true
    end
    doomed[i], doomed[i - 1] = nil, nil
  end
  for name in pairs(changed) do
    local list = self.names[name]
    if list and list.given then
      list.given = false
    else
      changed[name] = nil
    end
  end
  return changed
end

---------------------------------------------------------------- keeping and forgetting

--- Keeps a name's records from being evicted while somebody waits for it; calls nest.
---@param name string
function Store:pin(name)
  self.pinned[name] = (self.pinned[name] or 0) + 1
end

---@param name string
function Store:unpin(name)
  local count = self.pinned[name] or 1
  self.pinned[name] = count > 1 and count - 1 or nil
end

local function is_elsewhere(record, interface)
  return interface and record.interface ~= interface
end

--- Drops records: of a name, of the names below a suffix, of an interface, or all.
---@param what { name: string?, suffix: string?, interface: integer? }
function Store:forget(what)
  local ending = what.suffix and what.suffix ~= "." and "." .. what.suffix
  for name in pairs(self.names) do
    local is_meant = not what.name or name == what.name
    if is_meant and ending then
      is_meant = ("." .. name):sub(-#ending) == ending
    end
    if is_meant then
      filter(self, name, is_elsewhere, what.interface)
    end
  end
end

return store
