--- What a sweep may look at: links of this machine, neighbours on them, and addresses to knock at.

local without_scope = require("mlxresolve.address").without_scope
local core = require("mlxresolve.core")

local targets = {}

---@class mlxresolve.sweep.Link
---@field index integer
---@field attached string[]  networks of its own addresses, both families
---@field allowed string[]   the parts of them that may be looked at
---@field own table<string, string>  this machine's addresses there → attached network

---@class mlxresolve.sweep.Target
---@field address string
---@field index integer  of the interface

local function is_ipv6(text)
  return text:find(":", 1, true) ~= nil
end

local function is_within_any(address, networks)
  for _, network in ipairs(networks) do
    if core.address.is_within(address, network) then
      return true
    end
  end
  return false
end

--- The part that two networks share: the smaller one, or nothing.
local function share(a, b)
  local base_a, length_a = core.address.network(a)
  local base_b, length_b = core.address.network(b)
  if is_ipv6(a) ~= is_ipv6(b) then
    return nil
  elseif length_a <= length_b then
    return core.address.is_within(base_b, a) and b or nil
  end
  return core.address.is_within(base_a, b) and a or nil
end

local function shared_with(attached, networks)
  local list = {}
  for _, own in ipairs(attached) do
    for _, network in ipairs(networks) do
      list[#list + 1] = share(own, network)
    end
  end
  return list
end

-- Nobody on the other side of a tunnel or a modem wants to be looked for.
local function fits(interface)
  return interface.up
    and not interface.point_to_point
    and interface.kind ~= "tunnel"
    and interface.kind ~= "loopback"
end

local function read(interface)
  local link = { index = interface.index, attached = {}, own = {} }
  for _, entry in ipairs(interface.addresses) do
    local address = without_scope(entry.address)
    local base, length = core.address.network(("%s/%d"):format(address, entry.prefix))
    if base and not entry.tentative then
      link.attached[#link.attached + 1] = ("%s/%d"):format(base, length)
      link.own[address] = link.attached[#link.attached]
    end
  end
  return link
end

--- The links that may be looked at. Of networks that are named, what is not attached counts for
--- nothing; without names, all of a link may be.
---@param interfaces mlxresolve.Interface[]
---@param networks string[]|"attached"|nil
---@return mlxresolve.sweep.Link[]
function targets.links(interfaces, networks)
  local list = {}
  for _, interface in ipairs(interfaces) do
    if fits(interface) then
      local link = read(interface)
      local is_named = type(networks) == "table"
      link.allowed = is_named and shared_with(link.attached, networks) or link.attached
      if #link.attached > 0 and not (is_named and #link.allowed == 0) then
        list[#list + 1] = link
      end
    end
  end
  return list
end

-- Where only IPv4 networks are named, a link of theirs is meant with its IPv6 neighbours.
local function is_candidate(link, neighbour, options)
  local is_named = type(options.networks) == "table"
  local address = without_scope(neighbour.address)
  if is_ipv6(address) ~= (options.family == "ipv6") or link.own[address] then
    return false
  elseif options.mac and options.mac ~= neighbour.mac then
    return false
  elseif options.address and options.address ~= neighbour.address then
    return false
  elseif is_named and options.family == "ipv6" then
    local named = {}
    for _, network in ipairs(options.networks) do
      named[#named + 1] = is_ipv6(network) and network or nil
    end
    return #named == 0 or is_within_any(address, named)
  end
  return not is_named or is_within_any(address, link.allowed)
end

-- Those that were heard lately first; what has meaning on one link only comes last.
local function rank(neighbour)
  local is_local = neighbour.address:find("^fe[89ab]") ~= nil
  return (neighbour.reachable and 0 or 1) + (is_local and 2 or 0)
end

--- The neighbours that may be looked at, the most promising first.
---@param links mlxresolve.sweep.Link[]
---@param neighbours mlxresolve.Neighbour[]
---@param options mlxresolve.SweepOptions
---@return mlxresolve.sweep.Target[]
function targets.neighbours(links, neighbours, options)
  local by_index, ranked = {}, { {}, {}, {}, {} }
  for _, link in ipairs(links) do
    by_index[link.index] = link
  end
  for _, neighbour in ipairs(neighbours) do
    local link = by_index[neighbour.index]
    if link and is_candidate(link, neighbour, options) then
      local same = ranked[rank(neighbour) + 1]
      same[#same + 1] = { address = neighbour.address, index = neighbour.index }
    end
  end
  local list = {}
  for _, same in ipairs(ranked) do
    for _, target in ipairs(same) do
      list[#list + 1] = target
    end
  end
  return list
end

--- The part of a network that is to be knocked at: of a large one, what lies around our address.
local function block(network, link, limit)
  local base, length, size = core.address.network(network)
  if size <= limit then
    return network, size
  end
  for address in pairs(link.own) do
    if not is_ipv6(address) and core.address.is_within(address, network) then
      base = address
      break
    end
  end
  while size > limit do
    length, size = length + 1, size / 2
  end
  base = core.address.network(("%s/%d"):format(base, length))
  return ("%s/%d"):format(base, length), size
end

-- A datagram to the first or last address of a network would be for everybody.
local function edges_of(link)
  local edges = {}
  for _, network in ipairs(link.attached) do
    local _, length, size = core.address.network(network)
    if not is_ipv6(network) and length < 31 then
      edges[core.address.nth(network, 0)] = true
      edges[core.address.nth(network, size - 1)] = true
    end
  end
  return edges
end

--- The IPv4 addresses that may be knocked at, `limit` at most.
---@param links mlxresolve.sweep.Link[]
---@param limit integer
---@return mlxresolve.sweep.Target[]
function targets.addresses(links, limit)
  local list, seen = {}, {}
  for _, link in ipairs(links) do
    local edges = edges_of(link)
    for _, network in ipairs(link.allowed) do
      if not is_ipv6(network) then
        local part, size = block(network, link, limit)
        for n = 0, size - 1 do
          local address = core.address.nth(part, n)
          local is_wanted = not (seen[address] or edges[address] or link.own[address])
          if is_wanted and #list < limit then
            seen[address] = true
            list[#list + 1] = { address = address, index = link.index }
          end
        end
      end
    end
  end
  return list
end

return targets
