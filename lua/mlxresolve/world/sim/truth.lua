--- What is true: which addresses a name has, and which it ever had. Answers are held against it.

local without_scope = require("mlxresolve.address").without_scope

local truth = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.truth", __index = methods }

--- Names of `always` have their addresses from beginning to end: what a hosts file says.
---@param always table<string, string[]>?  canonical name → addresses
function truth.new(always)
  local self = setmetatable({ present = {}, past = {} }, mt)
  for name, addresses in pairs(always or {}) do
    self:set(name, "always", addresses)
  end
  self:set("localhost.", "always", { "127.0.0.1", "::1" })
  return self
end

--- From now on a name has these addresses, as far as `who` decides on it.
---@param name string  canonical
---@param who string
---@param addresses string[]
function methods:set(name, who, addresses)
  local present, past = self.present[name] or {}, self.past[name] or {}
  self.present[name], self.past[name] = present, past
  present[who] = {}
  for _, address in ipairs(addresses) do
    present[who][address] = true
    past[address] = true
  end
end

--- Has the name this address now?
---@param name string
---@param address string
---@return boolean
function methods:holds(name, address)
  for _, addresses in pairs(self.present[name] or {}) do
    if addresses[without_scope(address)] then
      return true
    end
  end
  return name == without_scope(address) .. "."
end

--- Has or had it that?
---@return boolean
function methods:ever_held(name, address)
  local past = self.past[name]
  local plain = without_scope(address)
  return (past and past[plain] or false) or name == plain .. "."
end

--- What it has now, sorted.
---@return string[]
function methods:list(name)
  local list, seen = {}, {}
  for _, addresses in pairs(self.present[name] or {}) do
    for address in pairs(addresses) do
      if not seen[address] then
        seen[address] = true
        list[#list + 1] = address
      end
    end
  end
  table.sort(list)
  return list
end

return truth
