--- A simulated network: links, hosts, and interfaces that put hosts on links. A link is one
--- multicast domain: a switch, an access point; bridges join links. Who hears whom: reach.lua. Here
--- is what packets suffer on the way.

local without_scope = require("mlxresolve.address").without_scope
local core = require("mlxresolve.core")
local reach = require("mlxresolve.world.sim.reach")

local network = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.network", __index = methods }

---@class mlxresolve.SimLink
---@field name string
---@field delay number      ms, of every packet
---@field jitter number     ms, at most so much more
---@field loss number       probability
---@field multicast_loss number  further, of multicast
---@field duplicate number  probability
---@field reorder number    probability that a packet is late by up to 20 ms
---@field isolated boolean  clients of the access point do not hear each other
---@field snooping boolean  a switch that forgets who joined a group when the cable is pulled
---@field groups table<string, integer>|false  partition: host → group
---@field members mlxresolve.SimInterface[]
---@field bridges mlxresolve.SimBridge[]

---@class mlxresolve.SimInterface
---@field host mlxresolve.SimHost
---@field name string
---@field index integer
---@field kind string
---@field mac string
---@field link mlxresolve.SimLink
---@field is_up boolean           the cable is in
---@field is_there boolean        a tunnel or an adapter that is out is not
---@field routes string[]         networks behind the gateway; everything when empty
---@field infrastructure boolean  heard by the clients of an access point that isolates them
---@field addresses table[]       { address, family, prefix, network }
---@field gateway string|false

---@class mlxresolve.SimHost
---@field name string
---@field interfaces mlxresolve.SimInterface[]
---@field is_on boolean
---@field is_asleep boolean
---@field forwards boolean
---@field responder mlxresolve.SimResponder|false
---@field server mlxresolve.SimServer|false
---@field tcp table<integer, boolean>

local LATE = 20 -- ms

---@param clock mlxresolve.SimClock
---@param chance mlxresolve.SimChance
function network.new(clock, chance)
  return setmetatable({
    clock = clock,
    chance = chance,
    links = {},
    bridges = {},
    hosts = {},
    by_name = {},
    on_packet = false, --- called with (host, link, text of who gets it, data) for each sent packet
    on_truth = false, --- called with (host) when its addresses change
  }, mt)
end

---------------------------------------------------------------- building

---@param name string
---@param fields table  delay, jitter, loss, …
---@return mlxresolve.SimLink
function methods:add_link(name, fields)
  local link = {
    name = name,
    delay = 0.3,
    jitter = 0.5,
    loss = 0,
    multicast_loss = 0,
    duplicate = 0,
    reorder = 0,
    isolated = false,
    snooping = false,
    groups = false,
    members = {},
    bridges = {},
    ways = false,
    domain = false,
  }
  for key, value in pairs(fields) do
    link[key] = value
  end
  self.links[name] = link
  return link
end

--- Joins two links: whoever is on one hears the multicast of the other.
---@param name string
---@param first string
---@param second string
---@return mlxresolve.SimBridge
function methods:add_bridge(name, first, second)
  local bridge = { name = name, ends = { self.links[first], self.links[second] }, is_up = true }
  for _, link in ipairs(bridge.ends) do
    table.insert(link.bridges, bridge)
  end
  self.bridges[name] = bridge
  reach.forget(self.links)
  return bridge
end

--- A bridge breaks, or is whole again.
---@param name string
---@param is_up boolean
function methods:set_bridge(name, is_up)
  self.bridges[name].is_up = is_up
  reach.forget(self.links)
end

---@param name string
---@return mlxresolve.SimHost
function methods:add_host(name)
  local host = {
    name = name,
    network = self,
    interfaces = {},
    is_on = true,
    is_asleep = false,
    forwards = false,
    responder = false,
    server = false,
    is_machine = false,
    tcp = {},
    number = #self.hosts + 1,
  }
  self.hosts[host.number] = host
  self.by_name[name] = host
  return host
end

--- Reads "192.168.2.1/24" as an interface has it.
---@param text string
---@return table|nil
function network.address(text)
  local plain, prefix = text:match("^([^/]+)/(%d+)$")
  local parsed = plain and core.address.parse(plain)
  local base, length = nil, nil
  if parsed and not parsed.port then
    base, length = core.address.network(without_scope(parsed.address) .. "/" .. prefix)
  end
  if not base then
    return nil
  end
  return {
    address = parsed.address,
    family = parsed.family,
    prefix = length,
    network = ("%s/%d"):format(base, length),
    is_link_local = parsed.is_link_local,
  }
end

--- Puts a host on a link. Every interface has an IPv6 link-local address of its own.
---@param host mlxresolve.SimHost
---@param name string
---@param fields { link: string, kind: string?, addresses: string[], gateway: string?,
--- infrastructure: boolean?, is_up: boolean?, is_there: boolean?, routes: string[]? }
---@return mlxresolve.SimInterface
function methods:add_interface(host, name, fields)
  local index = #host.interfaces + 2
  local interface = {
    host = host,
    name = name,
    index = index,
    kind = fields.kind or "ethernet",
    mac = ("02:00:00:00:%02x:%02x"):format(host.number, index),
    link = self.links[fields.link],
    is_up = fields.is_up ~= false,
    is_there = fields.is_there ~= false,
    routes = fields.routes or {},
    infrastructure = fields.infrastructure or false,
    addresses = {},
    gateway = fields.gateway or false,
  }
  host.interfaces[#host.interfaces + 1] = interface
  table.insert(interface.link.members, interface)
  self:set_addresses(interface, fields.addresses)
  return interface
end

--- Gives an interface these addresses in place of those that it has; its link-local one stays.
---@param interface mlxresolve.SimInterface
---@param texts string[]
function methods:set_addresses(interface, texts)
  local list = {}
  for i, text in ipairs(texts) do
    list[i] = network.address(text)
  end
  local own = ("fe80::%x:%x/64"):format(interface.host.number, interface.index)
  list[#list + 1] = network.address(own)
  interface.addresses = list
  if self.on_truth then
    self.on_truth(interface.host)
  end
end

--- Puts the cable into another link.
---@param interface mlxresolve.SimInterface
---@param name string
function methods:connect(interface, name)
  local members = interface.link.members
  for i, other in ipairs(members) do
    if other == interface then
      table.remove(members, i)
      break
    end
  end
  interface.link = self.links[name]
  table.insert(interface.link.members, interface)
end

---------------------------------------------------------------- carrying

local function luck(self, link, is_multicast)
  local chance = self.chance
  if chance:happens(link.loss) or (is_multicast and chance:happens(link.multicast_loss)) then
    return nil
  end
  local delay = link.delay + chance:draw() * link.jitter
  if chance:happens(link.reorder) then
    delay = delay + chance:draw() * LATE
  end
  return delay
end

--- What a packet from one interface to another suffers: its delay, or nil when it is lost.
---@param is_multicast boolean?
---@return number|nil ms
function methods:luck(from, to, is_multicast)
  if from.link == to.link then
    return luck(self, from.link, is_multicast)
  end
  local delay = 0
  for _, link in ipairs(reach.way(from.link, to.link)) do
    local more = luck(self, link, is_multicast)
    if not more then
      return nil
    end
    delay = delay + more
  end
  return delay
end

-- What has left arrives, whatever becomes of who sent it.
local function arrive(to, receive)
  if reach.can_hear(to) then
    receive(to)
  end
end

--- Carries a packet from one interface to another.
---@param receive fun(to: mlxresolve.SimInterface)
---@param is_multicast boolean?
function methods:carry(from, to, receive, is_multicast)
  if not reach.can_pass(from, to) then
    return
  end
  for _ = 1, self.chance:happens(from.link.duplicate) and 2 or 1 do
    local delay = self:luck(from, to, is_multicast)
    if delay then
      self.clock:after(delay, arrive, to, receive)
    end
  end
end

--- Tells whoever counts packets.
function methods:note_packet(host, link, to, data)
  if self.on_packet then
    self.on_packet(host, link, to, data)
  end
end

return network
