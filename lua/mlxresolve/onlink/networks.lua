--- The networks that interfaces are on, and how they differ from those of before.

local without_scope = require("mlxresolve.address").without_scope
local core = require("mlxresolve.core")

local networks = {}

---@class mlxresolve.OnlinkNetwork
---@field index integer
---@field interface string
---@field network string        "192.0.2.0/24"
---@field is_link_local boolean means nothing on another interface
---@field left_at number?       ms

local function network_of(interface, address)
  local plain = without_scope(address.address)
  local base, length = core.address.network(plain .. "/" .. address.prefix)
  if not base then
    return nil
  end
  return {
    index = interface.index,
    interface = interface.name,
    network = ("%s/%d"):format(base, length),
    is_link_local = plain:find("^fe[89ab]") ~= nil or plain:find("^169%.254%.") ~= nil,
  }
end

--- The networks of the interfaces that are up, by interface and network; is there any but loopback?
---@param interfaces mlxresolve.Interface[]
---@return table<string, mlxresolve.OnlinkNetwork> found, boolean is_any
function networks.present(interfaces)
  local found, is_any = {}, false
  for _, interface in ipairs(interfaces) do
    if interface.up and interface.kind ~= "loopback" then
      for _, address in ipairs(interface.addresses or {}) do
        local network = not address.tentative and network_of(interface, address)
        if network then
          is_any = true
          found[interface.index .. " " .. network.network] = network
        end
      end
    end
  end
  return found, is_any or #interfaces == 0
end

local function is_ipv6(network)
  return network.network:find(":", 1, true) ~= nil
end

--- An interface that comes and goes keeps its networks, unless it joins others.
---@param before table<string, mlxresolve.OnlinkNetwork>
---@param here table<string, mlxresolve.OnlinkNetwork>  gets them
---@param restless table<integer, boolean>              indexes of interfaces
function networks.hold(before, here, restless)
  local joined = {}
  for _, network in pairs(here) do
    joined[network.index .. tostring(is_ipv6(network))] = true
  end
  for key, network in pairs(before) do
    local is_held = restless[network.index]
      and not joined[network.index .. tostring(is_ipv6(network))]
    here[key] = here[key] or (is_held and network or nil)
  end
end

--- Those that one table has and another lacks, with their keys.
---@return { key: string, network: mlxresolve.OnlinkNetwork }[]
function networks.missing(from, to)
  local list = {}
  for key, network in pairs(from) do
    if not to[key] then
      list[#list + 1] = { key = key, network = network }
    end
  end
  return list
end

return networks
