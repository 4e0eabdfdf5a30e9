--- The networks that the machine has an address in, and those that it had: an address in a network
--- that is gone cannot be right, whatever its time to live.

local core = require("mlxresolve.core")

local prefixes = {}
local methods = {}
local mt = { __name = "mlxresolve.simulate.prefixes", __index = methods }

local function networks_of(host)
  local networks = {}
  for _, interface in ipairs(host.interfaces) do
    for _, entry in ipairs(interface.is_there and interface.addresses or {}) do
      if not entry.is_link_local then
        networks[entry.network] = true
      end
    end
  end
  return networks
end

--- Watches the machine of a world.
---@param world mlxresolve.SimWorld
function prefixes.watch(world)
  local self = setmetatable({ world = world, present = networks_of(world.me), gone = {} }, mt)
  function world.on_addresses()
    self:look()
  end
  return self
end

--- The machine's addresses have changed.
function methods:look()
  local before = self.present
  self.present = networks_of(self.world.me)
  for network in pairs(before) do
    if not self.present[network] then
      self.gone[network] = self.world.clock.time
    end
  end
  for network in pairs(self.present) do
    self.gone[network] = nil
  end
end

--- For how long the network of an address has been gone; nil when it is there or never was.
---@param address string
---@return number|nil ms
function methods:gone_for(address)
  for network in pairs(self.present) do
    if core.address.is_within(address, network) then
      return nil
    end
  end
  for network, at in pairs(self.gone) do
    if core.address.is_within(address, network) then
      return self.world.clock.time - at
    end
  end
end

return prefixes
