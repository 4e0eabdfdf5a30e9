--- The machine that a simulated world is seen from: its interfaces, its clocks and its events, as
--- its kernel would tell them.

local reach = require("mlxresolve.world.sim.reach")

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

-- Tunnels say that they can multicast, as tun and utun devices do; nobody should rely on it.
local function is_tunnel(interface)
  return interface.kind == "tunnel"
end

local function default_gateway(interface)
  return #interface.routes == 0 and interface.gateway
end

local function describe(interface)
  return {
    index = interface.index,
    name = interface.name,
    kind = interface.kind,
    up = interface.is_up,
    multicast = true,
    point_to_point = is_tunnel(interface),
    mac = not is_tunnel(interface) and interface.mac,
    mtu = is_tunnel(interface) and 1420 or 1500,
    addresses = describe_addresses(interface),
    gateways = { default_gateway(interface) or nil },
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
      if interface.is_there then
        table.insert(self.interface_list, describe(interface))
      end
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
  if not reach.is_awake(self.me) then
    self.missed = self.missed or {}
    for _, event in ipairs(events) do
      table.insert(self.missed, event)
    end
    return
  end
  for _, event in ipairs(events) do
    local what = event.address or event.gateway or event.slept or event.by or ""
    self:note("kernel: %s %s %s", event.type, event.interface or "", what)
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

local function address_events(interface, type, entries)
  local events = {}
  for i, entry in ipairs(entries) do
    local fields = { address = scoped(interface, entry), prefix = entry.prefix }
    events[i] = event_of(interface, type, fields)
  end
  return events
end

local function append(list, more)
  for _, item in ipairs(more) do
    list[#list + 1] = item
  end
  return list
end

--- An interface came with its addresses, or is gone: a tunnel, or an adapter that was pulled out.
---@param interface mlxresolve.SimInterface
function machine:presence_changed(interface)
  self.on_addresses()
  local is_there, gateway = interface.is_there, default_gateway(interface)
  local route = is_there and "route_added" or "route_removed"
  local routes = gateway and { event_of(interface, route, { gateway = gateway }) } or {}
  if is_there then
    local fields = { up = true, mac = not is_tunnel(interface) and interface.mac or nil }
    local events = { event_of(interface, "link_added", fields) }
    append(events, address_events(interface, "address_added", interface.addresses))
    return self:tell_events(append(events, routes))
  end
  self:forget_neighbours(interface)
  append(routes, address_events(interface, "address_removed", interface.addresses))
  self:tell_events(append(routes, { event_of(interface, "link_removed") }))
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

local function not_in(interface, entries, others)
  local has, list = {}, {}
  for _, entry in ipairs(others) do
    has[scoped(interface, entry)] = true
  end
  for _, entry in ipairs(entries) do
    if not has[scoped(interface, entry)] then
      list[#list + 1] = entry
    end
  end
  return list
end

--- The addresses or the gateway of an interface are others than before.
---@param interface mlxresolve.SimInterface
---@param before { addresses: table[], gateway: string|false }
function machine:addresses_changed(interface, before)
  self.on_addresses()
  local old, new = before.addresses, interface.addresses
  local gone, come = not_in(interface, old, new), not_in(interface, new, old)
  local events = address_events(interface, "address_removed", gone)
  append(events, address_events(interface, "address_added", come))
  if before.gateway ~= interface.gateway and #interface.routes == 0 then
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

---------------------------------------------------------------- clocks

--- The machine fell asleep: nothing runs on it until it wakes.
function machine:fall_asleep()
  self.me.is_asleep = true
  self.asleep_since = self.clock.time
end

--- It wakes, and hears what it missed and how long it slept.
function machine:wake_up()
  if not self.me.is_asleep then
    return
  end
  self.me.is_asleep = false
  local slept = self.clock.time - self.asleep_since
  local missed = self.missed or {}
  self.missed = nil
  missed[#missed + 1] = { type = "resumed", slept = slept }
  self:tell_events(missed)
end

--- Somebody sets the wall clock.
---@param by number  ms
function machine:set_clock(by)
  self.date_offset = self.date_offset + by
  self:tell_events { { type = "clock_jumped", by = by } }
end

return machine
