--- Port 5353 as the responder uses it: the engine's sockets, seen from there.

local port = {}

--- Is it shared with another process, for this family?
---@param sockets mlxresolve.mdns.Sockets
---@param name "ipv4"|"ipv6"
---@return boolean
function port.is_shared(sockets, name)
  for _, family in ipairs(sockets.families) do
    if family.about.name == name then
      return family.is_shared
    end
  end
  return true
end

--- Is it ours to answer from, for one family at least?
---@param sockets mlxresolve.mdns.Sockets
---@return boolean|nil, string? message, string? code
function port.check(sockets)
  local message, code
  for _, family in ipairs(sockets.families) do
    if family.socket then
      return true
    end
    message, code = family.message, family.code
  end
  return nil, "nothing can be published without port 5353: " .. message, code
end

--- Sends a packet from it.
---@param sockets mlxresolve.mdns.Sockets
---@param name "ipv4"|"ipv6"
---@param packet string
---@param to string
---@param link mlxresolve.mdns.Link
function port.send(sockets, name, packet, to, link)
  for _, family in ipairs(sockets.families) do
    if family.about.name == name and family.socket then
      return family.socket:send(packet, to, link.index)
    end
  end
end

return port
