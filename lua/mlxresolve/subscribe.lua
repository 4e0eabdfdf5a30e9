--- `resolver:watch`: what becomes of a name, as the policy answers it; and the way back, for those
--- who find out that an answer is wrong.

local core = require("mlxresolve.core")
local persistence = require("mlxresolve.persistence")

---@class mlxresolve.Resolver
local subscribe = {}

--- Tells what becomes of a name's addresses, until the handle is closed: `added`, `moved`,
--- `suspect` and `gone`, each with the reason. Nothing is called back before this function has
--- returned.
---@param name string
---@param callback fun(event: mlxresolve.WatchEvent)
---@return { close: fun(self) }|nil handle, string? message, string? code
function subscribe:watch(name, callback)
  local canonical, message, code = core.name.canonical(name)
  if not canonical then
    return nil, message, code
  end
  self:watch_network()
  return self.watches:add(canonical, callback)
end

--- Somebody could not reach a name at an address: it is forgotten, and what was heard of it on the
--- link is doubted until its host says it again (RFC 6762 section 10.4).
---@param name string
---@param address string?  all of the name's when absent
---@return integer|nil doubted  records heard on the link, string? message, string? code
function subscribe:report_failure(name, address)
  local canonical, message, code = core.name.canonical(name)
  if not canonical then
    return nil, message, code
  end
  if address and not core.address.parse(address) then
    return nil, ("'%s' is no address"):format(address), "ETEXT"
  end
  persistence.forget(self, { name = canonical })
  self.failures:flush { name = canonical }
  return self.mdns_engine and self.mdns_engine:report_failure(canonical, address) or 0
end

return subscribe
