--- One instance of a service: follows where it is and what it says about itself.

local core = require("mlxresolve.core")
local service_name = require("mlxresolve.mdns.service_name")
local txt = require("mlxresolve.mdns.txt")

-- What comes along in several packets is told once, ms.
local GATHER = 10
-- A service whose host says no address, or no TXT, is told without, ms.
local PATIENCE = 1000

---@class mlxresolve.mdns.Instance
local Instance = { __name = "mlxresolve.mdns.Instance" }
Instance.__index = Instance

local instance = {}

---@class mlxresolve.mdns.Service
---@field kind "added"|"changed"|"suspect"|"gone"
---@field instance string       as people write it
---@field name string           in full, with escapes
---@field type string           "_mlx._tcp"
---@field domain string
---@field host string|nil       canonical
---@field port integer|nil
---@field addresses string[]    link-local ones with their interface
---@field txt table<string, string|true>  see mlxresolve.mdns.txt
---@field texts string[]        the strings of the TXT record
---@field interface string      that it was heard on first
---@field reason string?

local function interface_name(self, index)
  for _, link in ipairs(self.engine.sockets.links) do
    if link.index == index then
      return link.name
    end
  end
  return self.interface
end

--- The text of an address as programs need it.
local function text_of(self, event, data)
  local is_link_local = event.type == "AAAA" and data:find("^fe[89ab]")
  return is_link_local and data .. "%" .. interface_name(self, event.interface) or data
end

---------------------------------------------------------------- telling

local function list_addresses(self)
  local good, doubted = {}, {}
  for address, is_suspect in pairs(self.addresses) do
    local list = is_suspect and doubted or good
    list[#list + 1] = address
  end
  local list = #good > 0 and good or doubted
  table.sort(list, function(a, b)
    local a_is_6, b_is_6 = a:find(":") ~= nil, b:find(":") ~= nil
    if a_is_6 ~= b_is_6 then
      return b_is_6
    end
    return a < b
  end)
  return list
end

---@return mlxresolve.mdns.Service
function Instance:describe(kind, reason)
  local service = {
    kind = kind,
    instance = self.about.instance,
    name = self.name,
    type = self.about.type,
    domain = self.about.domain,
    host = self.host or nil,
    port = self.port or nil,
    addresses = list_addresses(self),
    interface = self.interface,
    reason = reason or nil,
  }
  service.txt, service.texts = txt.parse(self.text or "")
  return service
end

-- A change that leaves everything as it was told is none.
local function digest(service)
  return table.concat({
    service.host or "",
    service.port or "",
    table.concat(service.addresses, " "),
    table.concat(service.texts, "\0"),
  }, "\1")
end

local function is_ready(self)
  local is_whole = self.host and self.text and next(self.addresses)
  return is_whole or (self.host and self.scheduler:now() >= self.patient_until)
end

local function settle(self)
  self.timer = false
  if self.is_closed or not is_ready(self) then
    return
  end
  local service = self:describe(self.told and "changed" or "added", self.reason)
  local told = digest(service)
  if told ~= self.told then
    self.told = told
    self.callback(service)
  end
  self.reason = false
end

local function touch(self, reason)
  self.reason = reason or self.reason
  self.timer = self.timer or self.scheduler:after(GATHER, settle, self)
end

---------------------------------------------------------------- following

local function on_address(self, event)
  local key = text_of(self, event, event.data)
  if event.kind == "gone" then
    self.addresses[key] = nil
  else
    self.addresses[key] = event.kind == "suspect"
    if event.was then
      self.addresses[text_of(self, event, event.was)] = nil
    end
  end
  touch(self, event.reason)
end

local function follow_host(self, host)
  if host == self.host then
    return
  end
  if self.host_watch then
    self.host_watch:close()
  end
  self.host, self.addresses = host, {}
  self.host_watch = self.engine:watch(host, { "A", "AAAA" }, function(event)
    if self.host == host and not self.is_closed then
      on_address(self, event)
    end
  end, self.options)
end

local function on_server(self, event)
  local port, host = event.data:match("^%d+ %d+ (%d+) (.+)$")
  host = host and core.name.canonical(host)
  if host and event.kind ~= "gone" and event.kind ~= "suspect" then
    self.port = tonumber(port)
    follow_host(self, host)
  end
  touch(self, event.reason)
end

local function on_event(self, event)
  if self.is_closed then
    return
  elseif event.type == "SRV" then
    on_server(self, event)
  elseif event.kind ~= "gone" and event.kind ~= "suspect" then
    self.text = event.data
    touch(self, event.reason)
  end
end

--- Begins to follow an instance.
---@param engine mlxresolve.mdns.Engine
---@param name string       as its PTR record spells it
---@param interface string  on which that was heard
---@param callback fun(service: mlxresolve.mdns.Service)  once it is resolved, and when it changes
---@param options mlxresolve.mdns.AskOptions
---@return mlxresolve.mdns.Instance|nil  nil when this is no instance's name
function instance.new(engine, name, interface, callback, options)
  local about = service_name.parse(name)
  if not about then
    return nil
  end
  local self = setmetatable({
    engine = engine,
    scheduler = engine.scheduler,
    name = name,
    about = about,
    interface = interface,
    callback = callback,
    host = false,
    port = false,
    text = false,
    addresses = {},
    told = false,
    reason = false,
    timer = false,
    host_watch = false,
    is_closed = false,
  }, Instance)
  self.options = {
    interfaces = options.interfaces,
    ipv4 = options.ipv4,
    ipv6 = options.ipv6,
    is_common = true,
  }
  self.patient_until = self.scheduler:now() + PATIENCE
  self.watch = engine:watch(name, { "SRV", "TXT" }, function(event)
    on_event(self, event)
  end, self.options)
  self.scheduler:after(PATIENCE, function()
    touch(self)
  end)
  return self
end

--- Ends it; nothing is called back after this.
function Instance:close()
  if not self.is_closed then
    self.is_closed = true
    self.watch:close()
    if self.host_watch then
      self.host_watch:close()
    end
  end
end

return instance
