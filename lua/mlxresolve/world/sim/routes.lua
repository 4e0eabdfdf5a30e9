--- How unicast gets through a simulated network: on the link when a prefix fits, else by way of
--- the gateway, whose host has to forward. Replies go back the way that the question came.

local core = require("mlxresolve.core")
local network = require("mlxresolve.world.sim.network")

local MAX_HOPS = 4

local routes = {}

local function on_link(host, address, only)
  for _, interface in ipairs(host.interfaces) do
    if interface.is_up and (not only or interface.index == only) then
      for _, entry in ipairs(interface.addresses) do
        local is_meant = not entry.is_link_local or only
        if is_meant and core.address.is_within(address, entry.network) then
          return interface, entry
        end
      end
    end
  end
end

local function source_address(interface, family)
  for _, entry in ipairs(interface.addresses) do
    if entry.family == family and not entry.is_link_local then
      return entry.address
    end
  end
end

local function by_gateway(host, family)
  for _, interface in ipairs(host.interfaces) do
    local gateway = interface.is_up and interface.gateway
    if gateway and (gateway:find(":", 1, true) ~= nil) == (family == "ipv6") then
      return interface, gateway
    end
  end
end

---@class mlxresolve.SimPath
---@field source string  the sender's address
---@field legs { from: mlxresolve.SimInterface, to: mlxresolve.SimInterface|false,
--- address: string }[]  `to` is false where nobody has the address

--- The way from a host to an address. Nothing and a code when the host knows none.
---@param host mlxresolve.SimHost
---@param address string
---@param only integer?  index of the interface to use
---@return mlxresolve.SimPath|nil, string? code
function routes.find(host, address, only)
  local family = address:find(":", 1, true) and "ipv6" or "ipv4"
  local legs, source = {}, nil
  for _ = 1, MAX_HOPS do
    local interface, entry = on_link(host, address, only)
    local following = address
    if not interface then
      interface, following = by_gateway(host, family)
    end
    if not interface then
      return nil, "ENETUNREACH"
    end
    source = source or (entry and entry.address) or source_address(interface, family)
    local to = network.holder(interface.link, following) or false
    legs[#legs + 1] = { from = interface, to = to, address = following }
    local is_there = to and following == address
    if is_there or not to or not to.host.forwards then
      return { source = source, legs = legs, is_complete = is_there or false }
    end
    host, only = to.host, nil
  end
  return nil, "ENETUNREACH"
end

--- Does a packet get all the way?
---@param path mlxresolve.SimPath
---@return boolean
function routes.is_open(path)
  for _, leg in ipairs(path.legs) do
    if not leg.to or not network.can_pass(leg.from, leg.to) then
      return false
    end
  end
  return path.is_complete
end

--- Sends along a path; `receive(interface)` is called where it ends. `is_back`: from there to here.
---@param net table
---@param path mlxresolve.SimPath
---@param is_back boolean
---@param receive fun()
function routes.send(net, path, is_back, receive)
  if not routes.is_open(path) then
    return
  end
  local delay = 0
  for _, leg in ipairs(path.legs) do
    local more = net:luck(leg.from.link)
    if not more then
      return
    end
    delay = delay + more
  end
  local last = path.legs[#path.legs]
  local copies = net.chance:happens(last.from.link.duplicate) and 2 or 1
  for i = 1, copies do
    net.clock:after(delay * i, function()
      local ends = is_back and path.legs[1].from or last.to
      if routes.is_open(path) and network.is_awake(ends.host) then
        receive()
      end
    end)
  end
end

return routes
