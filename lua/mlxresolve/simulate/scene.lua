--- A scenario's network, built in a world, and the changes that its steps make to it.

local core = require("mlxresolve.core")
local responder = require("mlxresolve.world.sim.responder")
local servers = require("mlxresolve.world.sim.servers")
local sim = require("mlxresolve.world.sim")
local truth = require("mlxresolve.world.sim.truth")

local scene = {}
local methods = {}
local mt = { __name = "mlxresolve.simulate.scene", __index = methods }

---------------------------------------------------------------- building

local function sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function canonical_names(map)
  local names = {}
  for name, addresses in pairs(map) do
    names[core.name.canonical(name) or name] = addresses
  end
  return names
end

--- The host's name has the addresses of its interfaces as long as it is on.
local function tell_truth(self, host)
  local list = {}
  for _, interface in ipairs(host.is_on and host.interfaces or {}) do
    for _, entry in ipairs(interface.addresses) do
      list[#list + 1] = entry.address
    end
  end
  local label = host.name:lower()
  self.truth:set(label .. ".local.", host, list)
  self.truth:set(label .. ".", host, list)
end

local function add_host(self, name, fields)
  local net = self.world.net
  local host = net:add_host(name)
  host.forwards = fields.forwards
  for _, interface in ipairs(sorted(fields.interfaces)) do
    local given = fields.interfaces[interface]
    net:add_interface(host, interface, {
      link = given.link,
      kind = given.kind,
      addresses = given.addresses,
      gateway = given.gateway,
      infrastructure = given.infrastructure,
      is_up = given.up,
    })
  end
  for _, port in ipairs(fields.tcp) do
    host.tcp[port] = true
  end
  if fields.responder ~= "none" then
    host.responder = responder.new(self.world, host, fields.responder, fields.mdns_ttl)
  end
  host.server = fields.dns and servers.new(net, self.truth, fields.dns) or false
end

local function resolv_conf(list)
  local lines = {}
  for i, address in ipairs(list) do
    lines[i] = "nameserver " .. address .. "\n"
  end
  return table.concat(lines)
end

--- Builds the network of a scenario in a world of its own.
---@param scenario mlxresolve.Scenario
---@param seed integer
function scene.new(scenario, seed)
  local world = sim.new { seed = seed }
  local self = setmetatable({
    world = world,
    truth = truth.new(canonical_names(scenario.true_names)),
  }, mt)
  function world.net.on_truth(host)
    tell_truth(self, host)
  end
  for _, name in ipairs(sorted(scenario.links)) do
    world.net:add_link(name, scenario.links[name])
  end
  for _, name in ipairs(sorted(scenario.hosts)) do
    add_host(self, name, scenario.hosts[name])
  end
  world:inhabit(world.net.by_name[scenario.machine])
  world.shares_mdns = scenario.shares_mdns
  world.names = canonical_names(scenario.native)
  world.files["/etc/resolv.conf"] = resolv_conf(scenario.servers)
  world.files["/etc/hosts"] = ""
  for path, text in pairs(scenario.files) do
    world.files[path] = text
  end
  return self
end

---------------------------------------------------------------- changes

local function interface_of(self, text)
  local host, name = text:match("^([^/]+)/(.+)$")
  for _, interface in ipairs(self.world.net.by_name[host].interfaces) do
    if interface.name == name then
      return interface
    end
  end
end

local function set_carrier(self, interface, is_up, announces)
  if interface.is_up == is_up then
    return
  end
  interface.is_up = is_up
  local host = interface.host
  if host.is_machine then
    self.world:carrier_changed(interface)
  elseif host.responder and not is_up then
    host.responder:leave(interface)
  elseif host.responder and announces then
    host.responder:claim(interface)
  elseif host.responder then
    host.responder:place(interface).is_ready = true
  end
end

function methods:unplug(step)
  set_carrier(self, interface_of(self, step.unplug), false)
end

function methods:plug(step)
  local interface = interface_of(self, step.plug)
  if step.link and step.link ~= interface.link.name then
    set_carrier(self, interface, false)
    self.world.net:connect(interface, step.link)
  end
  set_carrier(self, interface, true, step.announce)
end

function methods:flap(step)
  local interface, clock = interface_of(self, step.flap), self.world.clock
  for i = 1, step.times do
    clock:after((2 * i - 2) * step.every, set_carrier, self, interface, false)
    clock:after((2 * i - 1) * step.every, function()
      set_carrier(self, interface, true, step.announce)
    end)
  end
end

local function minus(entries, others)
  local has, gone = {}, {}
  for _, entry in ipairs(others) do
    has[entry.address] = true
  end
  for _, entry in ipairs(entries) do
    if not has[entry.address] then
      gone[#gone + 1] = entry
    end
  end
  return gone
end

function methods:readdress(step)
  local interface = interface_of(self, step.readdress)
  local host = interface.host
  local before = { addresses = interface.addresses, gateway = interface.gateway }
  self.world.net:set_addresses(interface, step.to)
  if step.gateway ~= nil then
    interface.gateway = step.gateway
  end
  if host.is_machine then
    return self.world:addresses_changed(interface, before)
  elseif host.responder then
    if step.goodbye then
      host.responder:say_goodbye(interface, minus(before.addresses, interface.addresses))
    end
    if step.announce then
      host.responder:claim(interface)
    end
  end
end

function methods:sleep(step)
  local host = self.world.net.by_name[step.sleep]
  if host.is_machine then
    return self.world:fall_asleep()
  end
  host.is_asleep = true
end

function methods:wake(step)
  local host = self.world.net.by_name[step.wake]
  if host.is_machine then
    return self.world:wake_up()
  end
  host.is_asleep = false
  if host.responder and step.announce then
    for _, interface in ipairs(host.interfaces) do
      host.responder:claim(interface)
    end
  end
end

function methods:off(step)
  local host = self.world.net.by_name[step.off]
  for _, interface in ipairs(host.responder and host.interfaces or {}) do
    if step.goodbye then
      host.responder:say_goodbye(interface, interface.addresses)
    end
    host.responder:leave(interface)
  end
  -- What is said last has to leave before the power is off.
  self.world.clock:after(10, function()
    host.is_on = false
    tell_truth(self, host)
  end)
end

function methods:on(step)
  local host = self.world.net.by_name[step.on]
  host.is_on = true
  tell_truth(self, host)
  for _, interface in ipairs(host.responder and host.interfaces or {}) do
    if step.announce then
      host.responder:claim(interface)
    else
      host.responder:place(interface).is_ready = true
    end
  end
end

local LINK_FIELDS = { "delay", "jitter", "loss", "duplicate", "reorder", "isolated", "snooping" }

function methods:change(step)
  local link = self.world.net.links[step.change]
  for _, field in ipairs(LINK_FIELDS) do
    if step[field] ~= nil then
      link[field] = step[field]
    end
  end
end

function methods:partition(step)
  local groups = {}
  for number, group in ipairs(step.groups) do
    for _, name in ipairs(group) do
      groups[name] = number
    end
  end
  self.world.net.links[step.partition].groups = groups
end

function methods:heal(step)
  self.world.net.links[step.heal].groups = false
end

function methods:server(step)
  local server = self.world.net.by_name[step.server].server
  server.mode = step.mode or server.mode
  if step.records then
    server:set_records(step.records)
  end
end

function methods:write(step)
  self.world.files[step.write] = step.text
end

return scene
