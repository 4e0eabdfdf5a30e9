--- How unicast gets through a simulated network: the longest prefix wins, as in kernels; what is
--- not on a link goes by way of the gateway, whose host has to forward. Replies go back the way
--- that the question came.

local family_of = require("mlxresolve.address").family
local core = require("mlxresolve.core")
local reach = require("mlxresolve.world.sim.reach")

local MAX_HOPS = 4
local EVERYTHING = { ipv4 = { "0.0.0.0/0" }, ipv6 = { "::/0" } }

local routes = {}

-- A tunnel's routes come before equal ones: that is what VPN software sees to.
local function is_better(length, interface, best)
  if not best or length ~= best.length then
    return not best or length > best.length
  end
  return interface.kind == "tunnel" and best.interface.kind ~= "tunnel"
end

local function choose(host, address, only)
  local best
  local function offer(length, interface, entry, following)
    if is_better(length, interface, best) then
      best = { length = length, interface = interface, entry = entry, following = following }
    end
  end
  for _, interface in ipairs(host.interfaces) do
    if interface.is_up and (not only or interface.index == only) then
      for _, entry in ipairs(interface.addresses) do
        local is_meant = not entry.is_link_local or only
        if is_meant and core.address.is_within(address, entry.network) then
          offer(entry.prefix, interface, entry, address)
        end
      end
      local family = interface.gateway and family_of(interface.gateway)
      local behind = #interface.routes > 0 and interface.routes or EVERYTHING[family] or {}
      for _, net in ipairs(behind) do
        if family == family_of(address) and core.address.is_within(address, net) then
          offer(tonumber(net:match("/(%d+)$")), interface, nil, interface.gateway)
        end
      end
    end
  end
  return best
end

local function source_address(interface, family)
  for _, entry in ipairs(interface.addresses) do
    if entry.family == family and not entry.is_link_local then
      return entry.address
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
  local legs, source = {}, nil
  for _ = 1, MAX_HOPS do
    local route = choose(host, address, only)
    if not route then
      return nil, "ENETUNREACH"
    end
    local interface, following = route.interface, route.following
    source = source
      or (route.entry and route.entry.address)
      or source_address(interface, family_of(address))
    local to = reach.holder(interface.link, following) or false
    legs[#legs + 1] = { from = interface, to = to, address = following }
    local is_there = to and following == address
    if is_there or not to or not to.host.forwards then
      return { source = source, legs = legs, is_complete = is_there or false }
    end
    host, only = to.host, nil
  end
  return nil, "ENETUNREACH"
end

--- The way to an address as it is written, "fe80::2%eth0".
---@param host mlxresolve.SimHost
---@param text string
---@return mlxresolve.SimPath|nil, string? code
function routes.to(host, text)
  local address, scope = text:match("^([^%%]+)%%?(.*)$")
  if scope == "" then
    return routes.find(host, address)
  end
  for _, interface in ipairs(host.interfaces) do
    if interface.name == scope then
      return routes.find(host, address, interface.index)
    end
  end
  return nil, "ENETUNREACH"
end

--- Does a packet get all the way?
---@param path mlxresolve.SimPath
---@return boolean
function routes.is_open(path)
  for _, leg in ipairs(path.legs) do
    if not leg.to or not reach.can_pass(leg.from, leg.to) then
      return false
    end
  end
  return path.is_complete
end

--- Sends along a path; `receive()` is called where it ends. `is_back`: from there to here.
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
    local more = net:luck(leg.from, leg.to)
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
      if reach.can_hear(ends) then
        receive()
      end
    end)
  end
end

return routes
