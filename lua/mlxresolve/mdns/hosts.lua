--- Who answered for a name last: where multicast stays silent, that host is asked alone (RFC 6762
--- section 5.5), since networks that lose multicast deliver unicast.

local family_of = require("mlxresolve.address").family
local scopes = require("mlxresolve.mdns.scopes")

-- More names than anybody here asks for; when it is reached, the memory begins anew.
local MAX_HOSTS = 512

---@class mlxresolve.mdns.Hosts
local Hosts = { __name = "mlxresolve.mdns.Hosts" }
Hosts.__index = Hosts

local hosts = {}

local NOBODY = {}

---@param engine mlxresolve.mdns.Engine
---@return mlxresolve.mdns.Hosts
function hosts.new(engine)
  return setmetatable({ engine = engine, names = {}, count = 0 }, Hosts)
end

--- Notes who has answered for a name that was asked for.
---@param name string
---@param source string     its address
---@param interface integer
function Hosts:note(name, source, interface)
  local known = self.names[name]
  if not known then
    if self.count >= MAX_HOSTS then
      self.names, self.count = {}, 0
    end
    known = {}
    self.names[name] = known
    self.count = self.count + 1
  end
  known[family_of(source)] = { source = source, interface = interface }
end

--- Asks the host that answered a lookup's name last, if there was one and its link is still there:
--- over both families, since many hosts give each kind of address over its own only.
---@param asker mlxresolve.mdns.Lookup
function Hosts:ask(asker)
  for family, known in pairs(self.names[asker.name] or NOBODY) do
    for _, link in ipairs(self.engine.sockets.links) do
      local is_meant = asker.scope[family] and scopes.includes(asker.scope, link)
      if link.index == known.interface and is_meant then
        self.engine.outgoing:post(asker, "first", { link = link, to = known.source })
      end
    end
  end
end

return hosts
