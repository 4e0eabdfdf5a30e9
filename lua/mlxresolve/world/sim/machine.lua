--- The machine that a simulated world is seen from: its interfaces, neighbours and events, as
--- its kernel would tell them.

local network = require("mlxresolve.world.sim.network")

local REACHABLE = 30e3 -- ms for which a neighbour counts as confirmed
local GIVEN_UP = 3000 -- ms until the kernel gives a silent neighbour up
local RESOLVED = 1 -- ms until a neighbour is known

---@class mlxresolve.SimWorld
local machine = {}

--- Makes a host of the network the machine.
---@param host mlxresolve.SimHost
function machine:inhabit(host)
  self.me = host
  host.is_machine = true
end

---------------------------------------------------------------- interfaces

local function scoped(interface, entry)
  return entry.is_link_local and entry.family == "ipv6" and entry.address .. "%" .. interface.name
    or entry.address
end

local function describe_addresses(interface)
  local list = {}
  for i, entry in ipairs(interface.addresses) do
    list[i] = {
      address = scoped(interface, entry),
      family = entry.family,
      prefix = entry.prefix,
      temporary = false,
      tentative = false,
    }
  end
  return list
end

local function describe(interface)
  return {
    index = interface.index,
    name = interface.name,
    kind = interface.kind,
    up = interface.is_up,
    multicast = true,
    point_to_point = false,
    mac = interface.mac,
    mtu = 1500,
    addresses = describe_addresses(interface),
    gateways = { interface.gateway or nil },
  }
end

local function loopback()
  local function entry(address, family, prefix)
    return {
      address = address,
      family = family,
      prefix = prefix,
      temporary = false,
      tentative = false,
    }
  end
  return {
    index = 1,
    name = "lo",
    kind = "loopback",
    up = true,
    multicast = false,
    point_to_point = false,
    mac = false,
    mtu = 65536,
    addresses = { entry("127.0.0.1", "ipv4", 8), entry("::1", "ipv6", 128) },
    gateways = {},
  }
end

--- The same list until something changes, as in the real world.
function machine:interfaces()
  if not self.interface_list then
    self.interface_list = { loopback() }
    for _, interface in ipairs(self.me.interfaces) do
      table.insert(self.interface_list, describe(interface))
    end
  end
  return self.interface_list
end

---------------------------------------------------------------- events

function machine:watch_network(on_events)
  local watcher = { on_events = on_events }
  self.watchers[#self.watchers + 1] = watcher
  function watcher.close()
    for i, other in ipairs(self.watchers) do
      if other == watcher then
        return table.remove(self.watchers, i)
      end
    end
  end
  return watcher
end

--- Tells the watchers what the kernel saw; a machine that sleeps hears of it when it wakes.
---@param events table[]
function machine:tell_events(events)
  self.interface_list = nil
  if not network.is_awake(self.me) then
    self.missed = self.missed or {}
    for _, event in ipairs(events) do
      table.insert(self.missed, event)
    end
    return
  end
  for _, event in ipairs(events) do
    self:note("kernel: %s %s %s", event.type, event.interface, event.address or event.gateway or "")
  end
  for _, watcher in ipairs { unpack(self.watchers) } do
    watcher.on_events(events)
  end
end

local function event_of(interface, type, fields)
  local event = { type = type, index = interface.index, interface = interface.name }
  for key, value in pairs(fields or {}) do
    event[key] = value
  end
  return event
end

--- The cable of an interface was pulled or put in.
---@param interface mlxresolve.SimInterface
function machine:carrier_changed(interface)
  if not interface.is_up then
    self:forget_neighbours(interface)
    if interface.link.snooping then
      self:forget_memberships(interface)
    end
  end
  local up = interface.is_up
  self:tell_events { event_of(interface, "link_changed", { up = up, mac = interface.mac }) }
end

local function texts_of(interface, entries)
  local texts = {}
  for _, entry in ipairs(entries) do
    texts[scoped(interface, entry)] = entry.prefix
  end
  return texts
end

--- The addresses or the gateway of an interface are others than before.
---@param interface mlxresolve.SimInterface
---@param before { addresses: table[], gateway: string|false }
function machine:addresses_changed(interface, before)
  local events = {}
  local old, new = texts_of(interface, before.addresses), texts_of(interface, interface.addresses)
  local function compare(type, entries, others)
    for _, entry in ipairs(entries) do
      local text = scoped(interface, entry)
      if not others[text] then
        local fields = { address = text, prefix = entry.prefix }
        events[#events + 1] = event_of(interface, type, fields)
      end
    end
  end
  compare("address_removed", before.addresses, new)
  compare("address_added", interface.addresses, old)
  if before.gateway ~= interface.gateway then
    if before.gateway then
      events[#events + 1] = event_of(interface, "route_removed", { gateway = before.gateway })
    end
    if interface.gateway then
      events[#events + 1] = event_of(interface, "route_added", { gateway = interface.gateway })
    end
  end
  if #events > 0 then
    self:tell_events(events)
  end
end

--- The machine fell asleep: its clock stands still.
function machine:fall_asleep()
  self.me.is_asleep = true
  self.asleep_since = self.clock.time
end

--- It wakes, and hears what it missed.
function machine:wake_up()
  if not self.me.is_asleep then
    return
  end
  self.me.is_asleep = false
  self.slept = self.slept + self.clock.time - self.asleep_since
  local missed = self.missed
  self.missed = nil
  if missed then
    self:tell_events(missed)
  end
end

---------------------------------------------------------------- neighbours

--- The neighbour table.
function machine:neighbours()
  local list, now = {}, self:now()
  for i, entry in ipairs(self.neighbour_list) do
    list[i] = {
      address = entry.address,
      interface = entry.interface.name,
      index = entry.interface.index,
      mac = entry.mac,
      reachable = now - entry.confirmed < REACHABLE,
    }
  end
  return list
end

local function position(self, interface, address)
  for i, entry in ipairs(self.neighbour_list) do
    if entry.interface == interface and entry.address == address then
      return i, entry
    end
  end
end

local function confirm(self, leg)
  if not leg.to or not network.can_pass(leg.from, leg.to) then
    return
  end
  local _, entry = position(self, leg.from, leg.address)
  local is_news = not entry or entry.mac ~= leg.to.mac
  if not entry then
    entry = { interface = leg.from, address = leg.address }
    table.insert(self.neighbour_list, entry)
  end
  entry.mac, entry.confirmed = leg.to.mac, self:now()
  if is_news then
    local fields = { address = leg.address, mac = entry.mac, reachable = true }
    self:tell_events { event_of(leg.from, "neighbour_changed", fields) }
  end
end

local function give_up(self, leg)
  local i, entry = position(self, leg.from, leg.address)
  if i and not (leg.to and network.can_pass(leg.from, leg.to)) then
    table.remove(self.neighbour_list, i)
    local fields = { address = leg.address, mac = entry.mac, reachable = false }
    self:tell_events { event_of(leg.from, "neighbour_changed", fields) }
  end
end

--- Something is sent to a neighbour, so the kernel has to know who it is.
---@param leg table  of a path
function machine:meet(leg)
  if leg.to and network.can_pass(leg.from, leg.to) then
    self.clock:after(RESOLVED, confirm, self, leg)
  elseif position(self, leg.from, leg.address) then
    self.clock:after(GIVEN_UP, give_up, self, leg)
  end
end

--- The kernel drops the neighbours of an interface whose cable was pulled.
---@param interface mlxresolve.SimInterface
function machine:forget_neighbours(interface)
  for i = #self.neighbour_list, 1, -1 do
    if self.neighbour_list[i].interface == interface then
      table.remove(self.neighbour_list, i)
    end
  end
end

return machine
