--- Who hears whom in a simulated network: on one link, or over the bridges that join links to one
--- multicast domain.

local reach = {}

---@param host mlxresolve.SimHost
---@return boolean
function reach.is_awake(host)
  return host.is_on and not host.is_asleep
end

---------------------------------------------------------------- links and bridges

---@class mlxresolve.SimBridge
---@field ends mlxresolve.SimLink[]  two
---@field is_up boolean

local function search(from)
  local ways, links = { [from] = { from } }, { from }
  for _, link in ipairs(links) do
    for _, bridge in ipairs(link.bridges) do
      local other = bridge.ends[1] == link and bridge.ends[2] or bridge.ends[1]
      if bridge.is_up and not ways[other] then
        local way = { unpack(ways[link]) }
        way[#way + 1] = other
        ways[other] = way
        links[#links + 1] = other
      end
    end
  end
  return ways, links
end

local function explore(link)
  if not link.ways then
    link.ways, link.domain = search(link)
  end
  return link
end

--- The links from one to another, both included; nil where nothing joins them.
---@param from mlxresolve.SimLink
---@param to mlxresolve.SimLink
---@return mlxresolve.SimLink[]|nil
function reach.way(from, to)
  return explore(from).ways[to]
end

--- A bridge was put in or broke.
---@param links table<string, mlxresolve.SimLink>
function reach.forget(links)
  for _, link in pairs(links) do
    link.ways, link.domain = false, false
  end
end

--- All interfaces of a link's multicast domain.
---@param link mlxresolve.SimLink
---@return mlxresolve.SimInterface[]
function reach.members(link)
  local domain = explore(link).domain
  if #domain == 1 then
    return link.members
  end
  local members = {}
  for _, part in ipairs(domain) do
    for _, interface in ipairs(part.members) do
      members[#members + 1] = interface
    end
  end
  return members
end

---------------------------------------------------------------- interfaces

local function is_kept_apart(link, from, to)
  if link.isolated and not (from.infrastructure or to.infrastructure) then
    return true
  end
  local groups = link.groups
  return groups and groups[from.host.name] ~= groups[to.host.name]
end

--- Is somebody there?
---@param to mlxresolve.SimInterface
---@return boolean
function reach.can_hear(to)
  return to.is_up and reach.is_awake(to.host)
end

--- Does a packet from one interface get to another?
---@param from mlxresolve.SimInterface
---@param to mlxresolve.SimInterface
---@return boolean
function reach.can_pass(from, to)
  if not (reach.can_hear(from) and reach.can_hear(to)) then
    return false
  elseif from.link == to.link then
    return not is_kept_apart(from.link, from, to)
  end
  return reach.way(from.link, to.link) ~= nil
end

--- The interface of a link's domain that has this address, one that can answer before others.
---@param link mlxresolve.SimLink
---@param address string
---@return mlxresolve.SimInterface|nil
function reach.holder(link, address)
  local down
  for _, interface in ipairs(reach.members(link)) do
    for _, entry in ipairs(interface.addresses) do
      if entry.address == address then
        if reach.can_hear(interface) then
          return interface
        end
        down = interface
      end
    end
  end
  return down
end

return reach
