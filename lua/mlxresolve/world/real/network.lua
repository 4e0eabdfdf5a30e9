--- Datagrams and interfaces of the real world.

local core = require("mlxresolve.core")

local network = {}

---------------------------------------------------------------- datagrams

local socket_methods = {}
local socket_mt = { __name = "mlxresolve.world.socket", __index = socket_methods }

local function hear_all(world, udp, batch, on_datagram)
  local items, problem = udp:step(world.time, batch)
  if not items then
    return nil, problem
  end
  for i = 1, items * 6, 6 do
    on_datagram(batch[i], batch[i + 1], batch[i + 2], batch[i + 3], batch[i + 4], batch[i + 5])
  end
  return items
end

-- One at a time: what the first teaches may make the next one wanted.
local function hear_admitted(world, udp, batch, on_datagram)
  local received, problem = udp:step(world.time)
  while received and world.watched[udp] and udp:take(batch) do
    on_datagram(unpack(batch, 1, 8))
  end
  return received, problem
end

---@return mlxresolve.Socket|nil, string? message, string? code
function network:udp(options, on_datagram)
  local udp, message, code = core.udp.open(options)
  if not udp then
    return nil, message, code
  end
  local batch = {}
  local hear = options.filter and hear_admitted or hear_all
  self:watch(udp, function(world)
    return hear(world, udp, batch, on_datagram)
  end)
  return setmetatable({ world = self, udp = udp }, socket_mt)
end

function socket_methods:send(packet, to, interface)
  return self.udp:send(packet, to, interface)
end

function socket_methods:join(group, interface)
  return self.udp:join(group, interface)
end

function socket_methods:leave(group, interface)
  return self.udp:leave(group, interface)
end

function socket_methods:address()
  return self.udp:address()
end

function socket_methods:close()
  self.world:unwatch(self.udp)
end

---------------------------------------------------------------- interfaces

-- Each batch is a table of its own, since who is told may keep it; and who is told may leave.
local function tell(self, object)
  local events = {}
  local items, message = object:step(self.time, events)
  if not items then
    return nil, message
  end
  self.interface_list = false
  if items > 0 then
    for _, watcher in ipairs { unpack(self.watchers) } do
      watcher.on_events(events)
    end
  end
  return items
end

local function open_clock(self)
  if not self.clock_watch then
    local watch, message = core.clock.watch()
    if not watch then
      return self:log("warn", "sleep and set clocks cannot be seen: " .. message)
    end
    self.clock_watch = watch
    self:watch(watch, tell)
  end
end

local function open_netif(self)
  if not self.netif then
    local netif, message, code = core.netif.open()
    if not netif then
      return nil, message, code
    end
    self.netif = netif
    self:watch(netif, tell)
  end
  return self.netif
end

--- The same list until something changes.
function network:interfaces()
  local netif, message = open_netif(self)
  if not netif then
    self:log("warn", "interfaces cannot be read: " .. message)
    return {}
  end
  self.interface_list = self.interface_list or netif:interfaces()
  return self.interface_list
end

function network:neighbours()
  local netif, message = open_netif(self)
  local list = nil
  if netif then
    list, message = netif:neighbours()
  end
  if not list then
    self:log("warn", "neighbours cannot be read: " .. tostring(message))
  end
  return list or {}
end

---@return { close: fun(self) }
function network:watch_network(on_events)
  local watcher = { on_events = on_events }
  local netif, message = open_netif(self)
  if not netif then
    self:log("warn", "network changes cannot be seen: " .. message)
  end
  open_clock(self)
  local watchers = self.watchers
  watchers[#watchers + 1] = watcher
  function watcher.close()
    for i, other in ipairs(watchers) do
      if other == watcher then
        table.remove(watchers, i)
        return
      end
    end
  end
  return watcher
end

return network
