--- What the engine does for those with a lasting interest.

local browsers = require("mlxresolve.mdns.browser")
local core = require("mlxresolve.core")
local watches = require("mlxresolve.mdns.watches")

---@class mlxresolve.mdns.Engine
local continuous = {}

--- Watches the records of a name until the handle is closed. The callback is told in tasks: what is
--- known at once, then what is `added`, has `moved`, is `suspect` or `gone`, with the reason.
---@param name string
---@param type string|string[]  one type or two
---@param callback fun(event: mlxresolve.mdns.Event)
---@param options mlxresolve.mdns.WatchOptions?
---@return mlxresolve.mdns.Subscription|nil handle, string? message, string? code
function continuous:watch(name, type, callback, options)
  if self.is_closed then
    return nil, "the mDNS engine is closed", "ECLOSED"
  end
  local canonical, message, code = core.name.canonical(name)
  if not canonical then
    return nil, message, code
  end
  local types
  types, message, code = watches.types(type)
  if not types then
    return nil, message, code
  end
  self:open()
  return self.watches:add(canonical, types, callback, options or {})
end

--- Browses for services until the handle is closed. The callback is told in tasks of each instance
--- once it is resolved, of what changes, and of its end.
---@param type string|nil  "_mlx._tcp", "_gpu._sub._mlx._tcp"; all types when absent
---@param callback fun(service: mlxresolve.mdns.Service)
---@param options mlxresolve.mdns.AskOptions?
---@return mlxresolve.mdns.Browser|nil handle, string? message, string? code
function continuous:browse(type, callback, options)
  if self.is_closed then
    return nil, "the mDNS engine is closed", "ECLOSED"
  end
  self:open()
  return browsers.new(self, type, callback, options or {})
end

--- Somebody could not reach a name at an address: the record is asked for again, and ends in 10 s
--- unless its host says it (RFC 6762 section 10.4); until then it is no answer.
---@param name string
---@param address string?  all addresses of the name when absent
---@return integer|nil doubted  how many records; nil, message, code for what is no name
function continuous:report_failure(name, address)
  local canonical, message, code = core.name.canonical(name)
  if not canonical then
    return nil, message, code
  end
  return self.sockets and self.doubts:report(canonical, address) or 0
end

return continuous
