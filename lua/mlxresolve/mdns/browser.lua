--- Browsing (RFC 6763): which instances of a type of service there are, or which services of any
--- type, and what becomes of them.

local core = require("mlxresolve.core")
local instances = require("mlxresolve.mdns.instance")
local service_name = require("mlxresolve.mdns.service_name")

-- A network with more is an attack.
local MAX_INSTANCES = 2048
local MAX_TYPES = 256

---@class mlxresolve.mdns.Browser
local Browser = { __name = "mlxresolve.mdns.Browser" }
Browser.__index = Browser

local browser = {}

local function deliver(self, service)
  if not self.is_closed then
    self.callback(service)
  end
end

local function tell(self, service)
  self.scheduler:spawn(deliver, self, service)
end

local function interface_name(self, index)
  for _, link in ipairs(self.engine.sockets.links) do
    if link.index == index then
      return link.name
    end
  end
  return tostring(index)
end

---------------------------------------------------------------- instances

local function add(self, key, event)
  local found = self.found[key]
  if not found and self.count < MAX_INSTANCES then
    local instance = instances.new(
      self.engine,
      event.data,
      interface_name(self, event.interface),
      function(service)
        tell(self, service)
      end,
      self.options
    )
    if not instance then
      return
    end
    found = { instance = instance, heard_on = {} }
    self.found[key] = found
    self.count = self.count + 1
  end
  if found then
    found.heard_on[event.interface] = true
  end
end

local function remove(self, key, event)
  local found = self.found[key]
  if not found then
    return
  end
  found.heard_on[event.interface] = nil
  if not next(found.heard_on) then
    self.found[key] = nil
    self.count = self.count - 1
    found.instance:close()
    if found.instance.told then
      tell(self, found.instance:describe("gone", event.reason))
    end
  end
end

local function on_pointer(self, event)
  local key = core.name.canonical(event.data)
  if self.is_closed or not key then
    return
  elseif event.kind == "gone" then
    remove(self, key, event)
  elseif event.kind == "suspect" then
    local found = self.found[key]
    if found and found.instance.told then
      tell(self, found.instance:describe("suspect", event.reason))
    end
  else
    add(self, key, event)
  end
end

---------------------------------------------------------------- types

local function watch(self, name, on_event, options)
  local handle, message, code = self.engine:watch(name, "PTR", function(event)
    on_event(self, event)
  end, options)
  if handle then
    self.watches[name] = handle
  end
  return handle, message, code
end

local function on_type(self, event)
  local name = core.name.canonical(event.data)
  local is_new = name and not self.watches[name] and self.type_count < MAX_TYPES
  if self.is_closed or not is_new or event.kind == "gone" then
    return
  end
  if service_name.of_type(name) then
    self.type_count = self.type_count + 1
    local options = { is_common = true }
    for key, value in pairs(self.options) do
      options[key] = value
    end
    watch(self, name, on_pointer, options)
  end
end

--- Begins to browse.
---@param engine mlxresolve.mdns.Engine
---@param type string|nil  "_mlx._tcp"; services of all types when absent
---@param callback fun(service: mlxresolve.mdns.Service)
---@param options mlxresolve.mdns.AskOptions
---@return mlxresolve.mdns.Browser|nil, string? message, string? code
function browser.new(engine, type, callback, options)
  local is_all = not type or type == ""
  local name, problem, problem_code = service_name.of_type(type or "")
  if not name and not is_all then
    return nil, problem, problem_code
  end
  local self = setmetatable({
    engine = engine,
    scheduler = engine.scheduler,
    callback = callback,
    options = options,
    found = {},
    count = 0,
    type_count = 0,
    watches = {},
    is_closed = false,
  }, Browser)
  local handle, message, code
  if is_all then
    handle, message, code = watch(self, service_name.ALL, on_type, options)
  else
    handle, message, code = watch(self, name, on_pointer, options)
  end
  return handle and self, message, code
end

--- Ends it; nothing is called back after this.
function Browser:close()
  self.is_closed = true
  for name, handle in pairs(self.watches) do
    handle:close()
    self.watches[name] = nil
  end
  for key, found in pairs(self.found) do
    found.instance:close()
    self.found[key] = nil
  end
end

return browser
