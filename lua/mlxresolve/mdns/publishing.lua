--- The engine's way to its responder, which is made when something is published.

local port = require("mlxresolve.mdns.responder.port")

local publishing = {}

--- Where nothing may be published: an embedded resolver that does not serve.
local PRIVATE = {
  close = function() end,
  names = function() end,
}

--- Publishes the host's name and, if one is named, a service, until the publication is closed.
---@param self mlxresolve.mdns.Engine
---@param spec mlxresolve.mdns.PublishSpec
---@return mlxresolve.mdns.Publication|nil, string? message, string? code
function publishing.publish(self, spec)
  if self.is_closed then
    return nil, "the mDNS engine is closed", "ECLOSED"
  elseif self.is_private then
    return PRIVATE
  end
  self:open()
  local is_heard, message, code = port.check(self.sockets)
  if not is_heard then
    return nil, message, code
  end
  if not self.responder then
    self.responder = require("mlxresolve.mdns.responder").new(self)
    self.responder:update(self.sockets.links)
  end
  return self.responder:publish(spec)
end

return publishing
