--- How a simulated host's responder sends: to the group or to one host, over IPv4 and IPv6.

local address = require("mlxresolve.address")
local core = require("mlxresolve.core")
local reach = require("mlxresolve.world.sim.reach")

local voice = {}

voice.GROUPS = { ipv4 = "224.0.0.251", ipv6 = "ff02::fb" }

--- The transport that an address belongs to.
voice.transport = address.family

local function source_of(interface, transport)
  for _, entry in ipairs(interface.addresses) do
    if entry.family == transport and (transport == "ipv4" or entry.is_link_local) then
      return entry.address
    end
  end
end

--- What a datagram says; decoded once for all who hear it.
---@param datagram table
---@return mlxresolve.Message|false
function voice.message(datagram)
  if datagram.message == nil then
    datagram.message = core.wire.decode(datagram.data) or false
  end
  return datagram.message
end

local function hear(world, datagram, heard, from)
  if heard.host.is_machine then
    world:hear(heard, datagram)
  elseif heard.host.responder then
    heard.host.responder:hear(heard, datagram, from)
  end
end

local function datagram_of(self, interface, transport, to, port, message)
  local source = source_of(interface, transport)
  if not source or not reach.is_awake(self.host) or not interface.is_up then
    return nil
  end
  local data = assert(core.wire.encode(message, { mdns = true }))
  self.net:note_packet(self.host, interface.link, to, data)
  return { data = data, from = source, port = 5353, to = to, to_port = port }
end

--- Says something to everybody in the interface's multicast domain.
---@param self mlxresolve.SimResponder
---@param interface mlxresolve.SimInterface
---@param transport "ipv4"|"ipv6"
---@param message table
function voice.multicast(self, interface, transport, message)
  local to = voice.GROUPS[transport]
  local datagram = datagram_of(self, interface, transport, to, 5353, message)
  for _, other in ipairs(datagram and reach.members(interface.link) or {}) do
    if other ~= interface then
      self.net:carry(interface, other, function(heard)
        hear(self.world, datagram, heard, interface)
      end, true)
    end
  end
end

--- Says something to him who sent `asked` from the interface `from`.
function voice.unicast(self, interface, asked, from, message)
  local transport = voice.transport(asked.from)
  local datagram = datagram_of(self, interface, transport, asked.from, asked.port, message)
  if datagram then
    self.net:carry(interface, from, function(heard)
      hear(self.world, datagram, heard, interface)
    end)
  end
end

--- Says something to the group over both transports.
---@param message fun(transport: "ipv4"|"ipv6"): table|nil
function voice.on_both(self, interface, message)
  for _, transport in ipairs { "ipv4", "ipv6" } do
    local said = message(transport)
    if said then
      voice.multicast(self, interface, transport, said)
    end
  end
end

--- A response with these records.
function voice.response(answers, additionals)
  return {
    response = true,
    authoritative = true,
    answers = answers,
    additionals = additionals or {},
    questions = {},
  }
end

return voice
