--- `resolver:watch`: what becomes of a name, as the policy answers it; and the way back, for those
--- who find out that an answer is wrong.

local without_scope = require("mlxresolve.address").without_scope
local core = require("mlxresolve.core")
local evidence = require("mlxresolve.recheck.evidence")
local persistence = require("mlxresolve.persistence")
local prune = require("mlxresolve.prune")
local recheck = require("mlxresolve.recheck")

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

-- The last address of a name is but suspect: there is none to give in its place.
local function mark(self, name, address)
  local _, known = evidence.known(self, name)
  local count = 0
  for one in pairs(known) do
    count = count + (one ~= address and 1 or 0)
  end
  local state = address and count > 0 and "dead" or "suspect"
  for one in pairs(address and { [address] = true } or known) do
    self.health:mark(name, one, state, "failure")
  end
end

--- Somebody could not reach a name at an address: it is no answer any more while there are others;
--- what was heard of it on the link is doubted until its host says it again (RFC 6762 section
--- 10.4); and the name is looked into at once.
---@param name string
---@param address string?  however it is written, also with a port; all of the name's when absent
---@return integer|nil doubted  records heard on the link, string? message, string? code
function subscribe:report_failure(name, address)
  local canonical, message, code = core.name.canonical(name)
  if not canonical then
    return nil, message, code
  end
  local parsed = address and core.address.parse(address)
  if address and not parsed then
    return nil, ("'%s' is no address"):format(address), "ETEXT"
  end
  local plain = parsed and without_scope(parsed.address)
  local engine = self.mdns_engine
  local doubted = engine and engine:report_failure(canonical, parsed and parsed.address) or 0
  mark(self, canonical, plain)
  if plain then
    prune.remove(self, canonical, plain)
  else
    persistence.forget(self, { name = canonical })
  end
  self.failures:flush { name = canonical }
  recheck.start(self, canonical, { address = plain or nil, reason = "failure" })
  return doubted
end

return subscribe
