--- Datagrams and interfaces in a virtual world.

---@class mlxresolve.VirtualWorld
local network = {}

local socket_mt = {
  __name = "mlxresolve.world.virtual.socket",
  __index = {
    send = function(self, packet, to, interface)
      local world = self.world
      local sent = { packet = packet, to = to, interface = interface, socket = self }
      sent.at = world.time
      world.sent[#world.sent + 1] = sent
      if world.on_send then
        world.on_send(sent)
      end
      return true
    end,
    join = function(self, group, interface)
      self.groups[group .. "%" .. interface] = true
      return true
    end,
    leave = function(self, group, interface)
      self.groups[group .. "%" .. interface] = nil
      return true
    end,
    address = function(self)
      return self.options.bind
    end,
    close = function(self)
      self.is_closed = true
      self.world.sockets[self] = nil
    end,
  },
}

function network:udp(options, on_datagram)
  local refused = self.refuse_udp and self.refuse_udp(options)
  if refused then
    return nil, options.bind .. ": address already in use", refused
  end
  local socket = setmetatable({
    world = self,
    options = options,
    on_datagram = on_datagram,
    groups = {},
    is_closed = false,
  }, socket_mt)
  self.sockets[socket] = true
  return socket
end

--- Hands a datagram to a socket after `delay` ms.
function network:deliver(socket, delay, data, from, port, interface, to, hops)
  self:begin({ wake = function() end }, delay, function()
    if socket.is_closed then
      return
    end
    local filter, is_awaited, is_owned = socket.options.filter, nil, nil
    if filter then
      is_awaited, is_owned = filter:admit(data, from, port)
    end
    if not filter or is_awaited or is_owned then
      local reached, hop_limit = to or false, hops or 255
      local index = interface or 0
      socket.on_datagram(data, from, port, index, reached, hop_limit, is_awaited, is_owned)
    end
  end)
end

function network:interfaces()
  return self.links
end

function network:neighbours()
  return self.neighbour_table
end

function network:watch_network(on_events)
  local watcher = { on_events = on_events }
  self.watchers[#self.watchers + 1] = watcher
  function watcher.close()
    watcher.on_events = false
  end
  return watcher
end

--- Reports network events, as core.netif does, at once.
---@param events table[]
function network:network(events)
  for _, watcher in ipairs(self.watchers) do
    if watcher.on_events then
      watcher.on_events(events)
    end
  end
  self:advance(0)
end

return network
