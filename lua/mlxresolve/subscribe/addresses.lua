--- The addresses of one family that a watched name is known to have, and what of them was told.

local without_scope = require("mlxresolve.address").without_scope

---@class mlxresolve.WatchedAddress
---@field address string
---@field family "ipv4"|"ipv6"
---@field interface string|false
---@field strategy string|false
---@field doubted_by "link"|"answers"|false  who it was that told of a doubt

---@class mlxresolve.WatchedAddresses
local Addresses = { __name = "mlxresolve.WatchedAddresses" }
Addresses.__index = Addresses

local addresses = {}

---@param resolver mlxresolve.Resolver
---@param name string
---@param tell fun(kind: string, item: mlxresolve.WatchedAddress, reason: string, was: table?)
---@return mlxresolve.WatchedAddresses
function addresses.new(resolver, name, tell)
  return setmetatable({ resolver = resolver, name = name, tell = tell, items = {} }, Addresses)
end

---@param address string  with or without its scope
---@return mlxresolve.WatchedAddress|nil
function Addresses:find(address)
  local wanted = without_scope(address)
  for known, item in pairs(self.items) do
    if known == address or without_scope(known) == wanted then
      return item
    end
  end
end

--- Are these all that is known, and beyond doubt?
---@param data string[]
---@return boolean
function Addresses:equals(data)
  for _, address in ipairs(data) do
    if not self:find(address) then
      return false
    end
  end
  local count, suspect = self:count()
  return #data == count and suspect == 0
end

---@return integer count, integer suspect
function Addresses:count()
  local count, suspect = 0, 0
  for _, item in pairs(self.items) do
    count = count + 1
    suspect = suspect + (item.doubted_by and 1 or 0)
  end
  return count, suspect
end

---------------------------------------------------------------- one of them

--- Tells once that it is in doubt.
---@param item mlxresolve.WatchedAddress|nil
---@param by "link"|"answers"
---@param reason string
function Addresses:doubt(item, by, reason)
  if item and not item.doubted_by then
    item.doubted_by = by
    self.tell("suspect", item, reason)
  end
end

--- Tells that a doubt is over; only who has raised it can end it.
---@param item mlxresolve.WatchedAddress
---@param by "link"|"answers"
---@param reason string
function Addresses:confirm(item, by, reason)
  if item.doubted_by == by then
    item.doubted_by = false
    self.tell("added", item, reason)
  end
end

---@param reason string
function Addresses:doubt_all(reason)
  for _, item in pairs(self.items) do
    self:doubt(item, "answers", reason)
  end
end

--- It is no more.
---@param item mlxresolve.WatchedAddress|nil
---@param reason string
function Addresses:drop(item, reason)
  if item then
    self.items[item.address] = nil
    self.tell("gone", item, reason)
  end
end

---------------------------------------------------------------- an answer

local function health_of(self, address)
  return self.resolver.health:of(self.name, without_scope(address))
end

local function take_over(item, entry)
  item = item or { address = entry.address, family = entry.family, doubted_by = false }
  item.interface, item.strategy = entry.interface, entry.strategy
  return item
end

--- What an answer adds to what is known, and what it no longer has. Those found dead are left out:
--- they are answers only while there is no better one.
local function split(self, entries)
  local added, present = {}, {}
  for _, entry in ipairs(entries) do
    local about = health_of(self, entry.address)
    if not about or about.state ~= "dead" then
      local known = self.items[entry.address]
      local item = take_over(known, entry)
      present[entry.address] = item
      if not known then
        added[#added + 1] = item
      end
    end
  end
  local removed = {}
  for address, item in pairs(self.items) do
    if not present[address] then
      removed[#removed + 1] = item
    end
  end
  return added, removed, present
end

--- Tells which addresses of an answer are in doubt: it is from before, or the network has changed
--- since, or somebody has found out something about one of them.
local function judge(self, result, reason)
  local doubt = result.stale and "stale" or result.suspect and "the network has changed"
  for _, entry in ipairs(result.addresses) do
    local item = self.items[entry.address]
    local about = item and health_of(self, entry.address)
    if about and about.state == "suspect" then
      self:doubt(item, "answers", about.reason)
    elseif doubt and not (about and about.state == "verified") then
      self:doubt(item, "answers", doubt)
    elseif item then
      self:confirm(item, "answers", reason)
    end
  end
end

--- Takes an answer and tells what is different; nil is the answer that there is none.
---@param result mlxresolve.Result|nil
---@param reason string
function Addresses:take(result, reason)
  local added, removed, present = split(self, result and result.addresses or {})
  self.items = present
  for i = 1, math.max(#added, #removed) do
    local new, old = added[i], removed[i]
    if new and old then
      self.tell("moved", new, reason, old)
    elseif new then
      self.tell("added", new, reason)
    else
      self.tell("gone", old, reason)
    end
  end
  if result then
    judge(self, result, reason)
  end
end

return addresses
