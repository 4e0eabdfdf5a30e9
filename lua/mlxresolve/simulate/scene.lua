--- A scenario's network, built in a world; what its steps do to it: changes.lua.

local changes = require("mlxresolve.simulate.changes")
local core = require("mlxresolve.core")
local responder = require("mlxresolve.world.sim.responder")
local servers = require("mlxresolve.world.sim.servers")
local sim = require("mlxresolve.world.sim")
local truth = require("mlxresolve.world.sim.truth")

local scene = {}
local methods = {}
local mt = { __name = "mlxresolve.simulate.scene", __index = methods }

for name, fn in pairs(changes) do
  methods[name] = fn
end

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

--- A host's name has the addresses of its interfaces as long as it is on; with a responder it is
--- the name that this has claimed.
---@param host mlxresolve.SimHost
function methods:tell_truth(host)
  local list = {}
  for _, interface in ipairs(host.is_on and host.interfaces or {}) do
    for _, entry in ipairs(interface.is_there and interface.addresses or {}) do
      list[#list + 1] = entry.address
    end
  end
  local label = host.name:lower()
  if host.responder then
    label = host.responder.claimed
  end
  if host.label and host.label ~= label then
    self.truth:set(host.label .. ".local.", host, {})
    self.truth:set(host.label .. ".", host, {})
  end
  host.label = label
  if label then
    self.truth:set(label .. ".local.", host, list)
    self.truth:set(label .. ".", host, list)
  end
end

local function add_responder(self, host, fields)
  host.responder = responder.new(self.world, host, fields.responder, {
    label = fields.name,
    ttl = fields.mdns_ttl,
    services = fields.services,
    is_new = not fields.on,
  })
  function host.responder.on_name()
    self:tell_truth(host)
  end
end

local function add_host(self, name, fields)
  local net = self.world.net
  local host = net:add_host(name)
  host.forwards, host.is_on = fields.forwards, fields.on
  for _, interface in ipairs(sorted(fields.interfaces)) do
    local given = fields.interfaces[interface]
    net:add_interface(host, interface, {
      link = given.link,
      kind = given.kind,
      addresses = given.addresses,
      gateway = given.gateway,
      infrastructure = given.infrastructure,
      routes = given.routes,
      is_up = given.up,
      is_there = given.up or given.kind ~= "tunnel",
    })
  end
  for _, port in ipairs(fields.tcp) do
    host.tcp[port] = true
  end
  if fields.responder ~= "none" then
    add_responder(self, host, fields)
  end
  host.server = fields.dns and servers.new(net, self.truth, fields.dns) or false
  self:tell_truth(host)
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
  for _, name in ipairs(sorted(scenario.links)) do
    world.net:add_link(name, scenario.links[name])
  end
  for _, name in ipairs(sorted(scenario.bridges)) do
    world.net:add_bridge(name, unpack(scenario.bridges[name]))
  end
  for _, name in ipairs(sorted(scenario.hosts)) do
    add_host(self, name, scenario.hosts[name])
  end
  function world.net.on_truth(host)
    self:tell_truth(host)
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

return scene
