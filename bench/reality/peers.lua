--- Scenarios as they can be compared: every peer is avahi, as it is in the namespaces.

local scenarios = require("mlxresolve.simulate.scenario")

local peers = {}

---@param path string
---@param world mlxresolve.World
---@return mlxresolve.Scenario
function peers.load(path, world)
  local scenario, mistakes = scenarios.load(path, world)
  assert(scenario, tostring(mistakes))
  for _, host in pairs(scenario.hosts) do
    host.responder = host.responder ~= "none" and "avahi" or "none"
    host.mdns_ttl = nil
  end
  return scenario
end

---@param name string
---@return boolean
function peers.is_local(name)
  return name:find("%.local%.?$") ~= nil
end

--- What is compared: questions that are asked until their answer is as expected.
---@return boolean
function peers.is_measured(step)
  return step.verb == "ask" and step.within ~= nil and peers.is_local(step.ask)
end

return peers
