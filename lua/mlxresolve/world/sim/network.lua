--- A simulated network: links, hosts, and interfaces that put hosts on links. A link is one
--- multicast domain: a switch, a bridge, an access point. It says who hears whom, how late, and
--- what gets lost on the way.

local core = require("mlxresolve.core")

local network = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.network", __index = methods }

---@class mlxresolve.SimLink
---@field name string
---@field delay number      ms, of every packet
---@field jitter number     ms, at most so much more
---@field loss number       probability
---@field duplicate number  probability
---@field reorder number    probability that a packet is late by up to 20 ms
---@field isolated boolean  clients of the access point do not hear each other
---@field snooping boolean  a switch that forgets who joined a group when the cable is pulled
---@field groups table<string, integer>|false  partition: host → group
---@field members mlxresolve.SimInterface[]

---@class mlxresolve.SimInterface
---@field host mlxresolve.SimHost
---@field name string
---@field index integer
---@field kind string
---@field mac string
---@field link mlxresolve.SimLink
---@field is_up boolean           the cable is in
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
    duplicate = 0,
    reorder = 0,
    isolated = false,
    snooping = false,
    groups = false,
    members = {},
  }
  for key, value in pairs(fields) do
    link[key] = value
  end
  self.links[name] = link
  return link
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
    base, length = core.address.network(parsed.address:gsub("%%.*$", "") .. "/" .. prefix)
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
--- infrastructure: boolean?, is_up: boolean? }
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

---------------------------------------------------------------- who hears whom

---@param host mlxresolve.SimHost
---@return boolean
function network.is_awake(host)
  return host.is_on and not host.is_asleep
end

--- Does a packet from one interface get to another?
---@param from mlxresolve.SimInterface
---@param to mlxresolve.SimInterface
---@return boolean
function network.can_pass(from, to)
  local link = from.link
  if link ~= to.link or not (from.is_up and to.is_up) then
    return false
  end
  if not (network.is_awake(from.host) and network.is_awake(to.host)) then
    return false
  end
  if link.isolated and not (from.infrastructure or to.infrastructure) then
    return false
  end
  local groups = link.groups
  return not groups or groups[from.host.name] == groups[to.host.name]
end

--- The interface of a link that has this address.
---@param link mlxresolve.SimLink
---@param address string
---@return mlxresolve.SimInterface|nil
function network.holder(link, address)
  local down
  for _, interface in ipairs(link.members) do
    for _, entry in ipairs(interface.addresses) do
      if entry.address == address then
        if interface.is_up and network.is_awake(interface.host) then
          return interface
        end
        down = interface
      end
    end
  end
  return down
end

--- What a packet on this link suffers: its delay, or nil when it is lost.
---@return number|nil ms
function methods:luck(link)
  local chance = self.chance
  if chance:happens(link.loss) then
    return nil
  end
  local delay = link.delay + chance:draw() * link.jitter
  if chance:happens(link.reorder) then
    delay = delay + chance:draw() * LATE
  end
  return delay
end

local function arrive(from, to, receive)
  if network.can_pass(from, to) then
    receive(to)
  end
end

--- Carries a packet from one interface to another of its link.
---@param receive fun(to: mlxresolve.SimInterface)
function methods:carry(from, to, receive)
  if not network.can_pass(from, to) then
    return
  end
  local link = from.link
  for _ = 1, self.chance:happens(link.duplicate) and 2 or 1 do
    local delay = self:luck(link)
    if delay then
      self.clock:after(delay, arrive, from, to, receive)
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
