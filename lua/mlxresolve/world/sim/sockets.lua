--- Datagram sockets of the simulated machine.

local family_of = require("mlxresolve.address").family
local without_scope = require("mlxresolve.address").without_scope
local reach = require("mlxresolve.world.sim.reach")
local routes = require("mlxresolve.world.sim.routes")

---@class mlxresolve.SimWorld
local sockets = {}

local socket_methods = {}
local socket_mt = { __name = "mlxresolve.world.sim.socket", __index = socket_methods }

local function split(text)
  local host, port = text:match("^%[(.*)%]:(%d+)$")
  if not host then
    host, port = text:match("^([^:]*):(%d+)$")
  end
  return host, tonumber(port)
end

local function is_taken(self, family, port, options)
  if port == 5353 and self.shares_mdns and not options.share then
    return true
  end
  for _, socket in ipairs(self.sockets) do
    if socket.family == family and socket.port == port then
      return not (options.share and socket.options.share)
    end
  end
  return false
end

function sockets:udp(options, on_datagram)
  local address, port = split(options.bind)
  local family = family_of(address)
  if port ~= 0 and is_taken(self, family, port, options) then
    return nil, options.bind .. ": address already in use", "EADDRINUSE"
  elseif port == 0 then
    self.last_port = self.last_port + 1
    port = self.last_port
  end
  local socket = setmetatable({
    world = self,
    options = options,
    family = family,
    port = port,
    on_datagram = on_datagram,
    groups = {},
  }, socket_mt)
  table.insert(self.sockets, socket)
  return socket
end

---------------------------------------------------------------- sending

local function interface_of(self, index)
  for _, interface in ipairs(self.me.interfaces) do
    if interface.index == index then
      return interface
    end
  end
end

-- IPv6 multicast leaves from the link-local address.
local function source_of(interface, family)
  for _, entry in ipairs(interface.addresses) do
    if entry.family == family and (family == "ipv4" or entry.is_link_local) then
      return entry.address
    end
  end
end

local function loop_back(world, interface, packet)
  if interface.is_up then
    world:hear(interface, packet)
  end
end

local function send_multicast(self, packet, to, port, index)
  local world = self.world
  local interface = interface_of(world, index)
  local source = interface and source_of(interface, self.family)
  if not source then
    return nil, "network is unreachable", "ENETUNREACH"
  end
  local net = world.net
  net:note_packet(world.me, interface.link, to, packet)
  local datagram = { data = packet, from = source, port = self.port, to = to, to_port = port }
  for _, other in ipairs(reach.members(interface.link)) do
    if other ~= interface then
      net:carry(interface, other, function(heard)
        if heard.host.responder then
          heard.host.responder:hear(heard, datagram, interface)
        end
      end, true)
    end
  end
  world.clock:after(0, loop_back, world, interface, datagram)
  return true
end

local function send_unicast(self, packet, to, port, index)
  local world = self.world
  local plain = without_scope(to)
  local path, code = routes.find(world.me, plain, index and index > 0 and index or nil)
  if not path then
    return nil, to .. ": network is unreachable", code
  end
  world:meet(path.legs[1])
  world.net:note_packet(world.me, path.legs[1].from.link, to, packet)
  local datagram = { data = packet, from = path.source, port = self.port, to = to, to_port = port }
  routes.send(world.net, path, false, function()
    local last = path.legs[#path.legs].to
    if last.host.responder then
      last.host.responder:hear(last, datagram, path.legs[1].from)
    end
  end)
  return true
end

function socket_methods:send(packet, to, interface)
  local address, port = split(to)
  if address:find("^22[4-9]%.") or address:find("^ff") then
    return send_multicast(self, packet, address, port, interface)
  end
  return send_unicast(self, packet, address, port, interface)
end

---------------------------------------------------------------- hearing

local function is_for(socket, interface, datagram, is_multicast)
  if socket.port ~= datagram.to_port then
    return false
  elseif (datagram.from:find(":", 1, true) ~= nil) ~= (socket.family == "ipv6") then
    return false
  end
  return not is_multicast or socket.groups[datagram.to .. "%" .. interface.index] == "joined"
end

local function hand_over(socket, interface, datagram, from)
  local data, port, to, hops = datagram.data, datagram.port, datagram.to, datagram.hops or 255
  local filter, is_awaited, is_owned = socket.options.filter, nil, nil
  if filter then
    is_awaited, is_owned = filter:admit(data, from, port)
  end
  if not filter or is_awaited or is_owned then
    socket.on_datagram(data, from, port, interface.index, to, hops, is_awaited, is_owned)
  end
end

--- Hands a datagram to the sockets that it is for: all members of a group, one for unicast.
---@param interface mlxresolve.SimInterface
---@param datagram { data: string, from: string, port: integer, to: string, to_port: integer,
--- hops: integer? }
function sockets:hear(interface, datagram)
  local is_multicast = datagram.to:find("^22[4-9]%.") or datagram.to:find("^ff")
  if not is_multicast and datagram.to_port == 5353 and self.shares_mdns then
    return -- the other process gets it
  end
  local from = datagram.from
  if from:find("^fe80:") then
    from = from .. "%" .. interface.name
  end
  for _, socket in ipairs { unpack(self.sockets) } do
    if is_for(socket, interface, datagram, is_multicast) and not socket.is_closed then
      hand_over(socket, interface, datagram, from)
      if not is_multicast then
        return
      end
    end
  end
end

--- A switch that snoops forgets the memberships of a port whose cable was pulled.
---@param interface mlxresolve.SimInterface
function sockets:forget_memberships(interface)
  for _, socket in ipairs(self.sockets) do
    for key in pairs(socket.groups) do
      if key:match("%%(%d+)$") == tostring(interface.index) then
        socket.groups[key] = "forgotten"
      end
    end
  end
end

---------------------------------------------------------------- the rest

function socket_methods:join(group, interface)
  local key = group .. "%" .. interface
  if self.groups[key] then
    return nil, "address already in use", "EADDRINUSE"
  end
  self.groups[key] = "joined"
  return true
end

function socket_methods:leave(group, interface)
  local key = group .. "%" .. interface
  if not self.groups[key] then
    return nil, "cannot assign requested address", "EADDRNOTAVAIL"
  end
  self.groups[key] = nil
  return true
end

function socket_methods:address()
  return (self.family == "ipv6" and "[::]:%d" or "0.0.0.0:%d"):format(self.port)
end

function socket_methods:close()
  self.is_closed = true
  for i, socket in ipairs(self.world.sockets) do
    if socket == self then
      table.remove(self.world.sockets, i)
      return
    end
  end
end

return sockets
