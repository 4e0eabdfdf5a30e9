--- What somebody has published, for as long as he wants it to be.

---@class mlxresolve.mdns.Publication
local Publication = { __name = "mlxresolve.mdns.Publication" }
Publication.__index = Publication

local publication = {}

---@param responder mlxresolve.mdns.Responder
---@param host mlxresolve.mdns.HostClaim
---@param claim mlxresolve.mdns.Claim  the service's, or the host's when there is none
---@return mlxresolve.mdns.Publication
function publication.new(responder, host, claim)
  local self = { responder = responder, host = host, claim = claim, is_closed = false }
  return setmetatable(self, Publication)
end

--- The names as they are now: of the host and, if there is one, of the service's instance.
---@return string host, string|nil instance
function Publication:names()
  return self.host.name, self.claim ~= self.host and self.claim.name or nil
end

--- Is it known on a link by now? Before, its names may still turn out to be another's.
---@return boolean
function Publication:is_announced()
  for _, view in pairs(self.responder.views) do
    if view:is_claim_live(self.claim) then
      return true
    end
  end
  return false
end

--- Takes it back, with a goodbye.
function Publication:close()
  if self.is_closed then
    return
  end
  self.is_closed = true
  if self.claim == self.host then
    self.responder:release(self.host)
  else
    self.responder:linger(self.claim)
  end
end

return publication
