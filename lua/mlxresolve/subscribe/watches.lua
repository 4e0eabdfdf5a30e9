--- All names of a resolver that somebody watches.

local watch = require("mlxresolve.subscribe.watch")

---@class mlxresolve.Watches
---@field count integer
local Watches = { __name = "mlxresolve.Watches" }
Watches.__index = Watches

local watches = {}

---@param resolver mlxresolve.Resolver
---@return mlxresolve.Watches
function watches.new(resolver)
  local self = setmetatable({ resolver = resolver, names = {}, count = 0 }, Watches)
  resolver.health:on_change(function(name, address, state, reason)
    self:health_changed(name, address, state, reason)
  end)
  return self
end

local function remove(self, gone)
  self.resolver.in_use:release(gone.name)
  local list = self.names[gone.name]
  for i = #list, 1, -1 do
    if list[i] == gone then
      table.remove(list, i)
      self.count = self.count - 1
    end
  end
  if #list == 0 then
    self.names[gone.name] = nil
  end
end

--- Begins to watch a name.
---@param name string  canonical
---@param callback fun(event: mlxresolve.WatchEvent)
---@return mlxresolve.Watch
function Watches:add(name, callback)
  local list = self.names[name] or {}
  self.names[name] = list
  self.count = self.count + 1
  self.resolver.in_use:hold(name)
  local new = watch.new(self.resolver, name, callback, function(gone)
    remove(self, gone)
  end)
  list[#list + 1] = new
  return new
end

-- Those who are told may close watches, or begin others.
local function each(self, name, fn, ...)
  local list = self.names[name]
  if not list then
    return
  end
  for _, one in ipairs { unpack(list) } do
    if not one.is_closed then
      fn(one, ...)
    end
  end
end

--- Is somebody interested in this name all the time?
---@param name string
---@return boolean
function Watches:has(name)
  return self.names[name] ~= nil
end

--- An address of a name was found suspect, dead or verified; false ends what was known of it.
---@param name string
---@param address string
---@param state "suspect"|"dead"|"verified"|false
---@param reason string
function Watches:health_changed(name, address, state, reason)
  each(self, name, function(one)
    one:health_changed(address, state, reason)
  end)
end

--- Somebody asked for a name that is watched: what was found need not be looked for again.
---@param name string
---@param type string
---@param data string[]  of the answer
function Watches:answered(name, type, data)
  each(self, name, function(one)
    one:answered(type, data)
  end)
end

--- The network is another one: what every name is now.
---@param reason string
function Watches:renew(reason)
  local names = {}
  for name in pairs(self.names) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    each(self, name, function(one)
      one:renew(reason)
    end)
  end
end

--- The names, for people: { name, watchers, addresses, suspect }.
---@return table[]
function Watches:list()
  local list = {}
  for name, present in pairs(self.names) do
    local addresses, suspect = present[1]:count()
    list[#list + 1] = { name = name, watchers = #present, addresses = addresses, suspect = suspect }
  end
  table.sort(list, function(a, b)
    return a.name < b.name
  end)
  return list
end

return watches
