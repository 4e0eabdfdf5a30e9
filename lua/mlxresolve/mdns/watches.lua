--- All lasting interest: who watches what.

local absence = require("mlxresolve.mdns.absence")
local core = require("mlxresolve.core")
local scopes = require("mlxresolve.mdns.scopes")
local watch = require("mlxresolve.mdns.watch")

-- Over this time the questions are spread to which one event moves many hosts (RFC 6762 section
-- 5.2), ms.
local DELAY, SPREAD = 20, 100
-- For how long one draw of chance serves, ms.
local SPREAD_FOR = 60e3

---@class mlxresolve.mdns.Watches
local Watches = { __name = "mlxresolve.mdns.Watches" }
Watches.__index = Watches

local watches = {}

---@param engine mlxresolve.mdns.Engine
---@return mlxresolve.mdns.Watches
function watches.new(engine)
  return setmetatable({
    engine = engine,
    names = {},
    common_at = -math.huge,
    spread_now = 0,
    spread_until = -math.huge,
  }, Watches)
end

local NONE = {}

--- Those of a name.
---@param name string
---@return mlxresolve.mdns.Watch[]
function Watches:of(name)
  return self.names[name] or NONE
end

---@param fn fun(watch: mlxresolve.mdns.Watch)
function Watches:each(fn)
  for _, list in pairs(self.names) do
    for _, present in ipairs(list) do
      fn(present)
    end
  end
end

--- How long to wait with a question that others ask for the same reason at the same time. Our own
--- ones of that moment leave together.
---@return number ms
function Watches:common_delay()
  local now = self.engine.scheduler:now()
  if self.common_at <= now then
    self.common_at = now + DELAY + SPREAD * self.engine.world:random()
  end
  return self.common_at - now
end

--- A part of 1 by chance, another every minute: it keeps the hosts on a link apart, while our own
--- questions about what came in one packet leave in one packet.
---@return number
function Watches:spread()
  local now = self.engine.scheduler:now()
  if now >= self.spread_until then
    self.spread_until = now + SPREAD_FOR
    self.spread_now = self.engine.world:random()
  end
  return self.spread_now
end

local function find(self, name, types, scope)
  for _, present in ipairs(self:of(name)) do
    if present.scope == scope and table.concat(present.types) == table.concat(types) then
      return present
    end
  end
end

local function add(self, name, types, scope)
  local new = watch.new(self.engine, name, types, scope)
  local list = self.names[name] or {}
  self.names[name] = list
  list[#list + 1] = new
  self.engine.interest:add(name, "awaited")
  self.engine.store:pin(name)
  return new
end

local function remove(self, gone)
  local list = self.names[gone.name]
  for i = #list, 1, -1 do
    if list[i] == gone then
      table.remove(list, i)
    end
  end
  if #list == 0 then
    self.names[gone.name] = nil
  end
  gone:close()
  self.engine.interest:remove(gone.name, "awaited")
  self.engine.store:unpin(gone.name)
end

local Handle = { __name = "mlxresolve.mdns.Subscription" }
Handle.__index = Handle

--- Ends the interest; nothing is called back after it.
function Handle:close()
  if not self.is_closed then
    self.is_closed = true
    if self.watch:unsubscribe(self) == 0 and not self.watch.is_closed then
      remove(self.watches, self.watch)
    end
  end
end

-- Who watches gets no failure: the interface may come.
local function warn_of_absent(self, names, scope)
  local absent = not scope.is_told and absence.explain(self.engine, names, scope)
  scope.is_told = true
  if absent then
    self.engine.world:log("warn", ("mdns: nothing is watched yet on %s"):format(absent))
  end
end

---@class mlxresolve.mdns.WatchOptions: mlxresolve.mdns.AskOptions
---@field is_common boolean?  many may begin this at this moment: ask a little later

--- Begins to watch the records of up to two types.
---@param name string            canonical
---@param types string[]
---@param callback fun(event: mlxresolve.mdns.Event)
---@param options mlxresolve.mdns.WatchOptions
---@return mlxresolve.mdns.Subscription
function Watches:add(name, types, callback, options)
  local scope = scopes.of(self.engine.scopes, options)
  if scope.names then
    self.engine.sockets:want(scope.names)
    warn_of_absent(self, options.interfaces, scope)
  end
  local present = find(self, name, types, scope)
  local shared = present or add(self, name, types, scope)
  local subscriber = setmetatable({
    watches = self,
    watch = shared,
    callback = callback,
    is_closed = false,
  }, Handle)
  shared:subscribe(subscriber)
  if not present then
    shared:begin(options.is_common and self:common_delay() or 0)
    shared:look()
  end
  return subscriber
end

--- Links changed: what is watched there is asked for anew.
function Watches:network_changed()
  self:each(function(present)
    present.asked_at = -math.huge
    present:begin(self:common_delay())
    present:look()
  end)
end

function Watches:close()
  for _, list in pairs(self.names) do
    for i = #list, 1, -1 do
      remove(self, list[i])
    end
  end
end

--- The types of a request: a name, or a list of at most two.
---@param wanted string|string[]
---@return string[]|nil types, string? message, string? code
function watches.types(wanted)
  local types = {}
  for i, one in ipairs(type(wanted) == "table" and wanted or { wanted }) do
    types[i] = tostring(one):upper()
    if not core.wire.type_number(types[i]) or types[i] == "ANY" then
      return nil, ("'%s' is no type of records that can be watched"):format(one), "EINVAL"
    end
  end
  if #types < 1 or #types > 2 then
    return nil, "one type or two can be watched at a time", "EINVAL"
  end
  return types
end

return watches
