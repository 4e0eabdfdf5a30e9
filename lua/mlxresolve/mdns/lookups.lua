--- The lookups under way, and those of the last seconds: late replies are still theirs.

local lookup = require("mlxresolve.mdns.lookup")

-- Those that nobody waits for are kept for as long as late replies are welcome; they are
-- looked through when there are more than so many, so that no timer is needed.
local MAX_IDLE = 128
local IDLE_MS = 2000

---@class mlxresolve.mdns.Lookups
local Lookups = { __name = "mlxresolve.mdns.Lookups" }
Lookups.__index = Lookups

local lookups = {}

---@param engine mlxresolve.mdns.Engine
---@return mlxresolve.mdns.Lookups
function lookups.new(engine)
  return setmetatable({ engine = engine, names = {}, count = 0, prune_at = MAX_IDLE }, Lookups)
end

local NONE = {}

-- What is asked along with a type: the two address families go together.
local ADDRESSES = { "A", "AAAA" }
local ALONG = { A = ADDRESSES, AAAA = ADDRESSES }

--- Those of a name.
---@param name string
---@return mlxresolve.mdns.Lookup[]
function Lookups:of(name)
  return self.names[name] or NONE
end

local function prune(self, now)
  for name, list in pairs(self.names) do
    for i = #list, 1, -1 do
      if #list[i].waiters == 0 and now - list[i].posted_at > IDLE_MS then
        table.remove(list, i)
        self.engine.interest:remove(name, "awaited")
        self.count = self.count - 1
      end
    end
    if #list == 0 then
      self.names[name] = nil
    end
  end
  self.prune_at = 2 * self.count + MAX_IDLE
end

--- The lookup of a question, a new one if need be.
---@param name string
---@param type string
---@param scope mlxresolve.mdns.Scope
---@return mlxresolve.mdns.Lookup
function Lookups:take(name, type, scope)
  local types = ALONG[type] or { type }
  local known = self:of(name)
  for i = 1, #known do
    local present = known[i]
    if present.scope == scope and present.types[1] == types[1] then
      return present
    end
  end
  if self.count >= self.prune_at then
    prune(self, self.engine.scheduler:now())
  end
  local new = lookup.new(self.engine, name, types, scope)
  local list = self.names[name] or {}
  self.names[name] = list
  list[#list + 1] = new
  self.count = self.count + 1
  self.engine.interest:add(name, "awaited")
  return new
end

---@param fn fun(lookup: mlxresolve.mdns.Lookup)
function Lookups:each(fn)
  for _, list in pairs(self.names) do
    for _, present in ipairs(list) do
      fn(present)
    end
  end
end

return lookups
