--- Why an interface that somebody names is not asked on.

local scopes = require("mlxresolve.mdns.scopes")
local suggest = require("mlxresolve.suggest")

local absence = {}

local function find(list, name)
  for _, one in ipairs(list) do
    if one.name == name then
      return one
    end
  end
end

local function names_of(interfaces)
  local names = {}
  for i, interface in ipairs(interfaces) do
    names[i] = interface.name
  end
  return names
end

local function why(engine, name, scope, interfaces)
  local interface = find(interfaces, name)
  if not interface then
    return "there is no such interface" .. suggest.hint(name, names_of(interfaces))
  elseif not interface.up then
    return "the interface is down"
  elseif not find(engine.sockets.links, name) then
    return "the interface has no address to ask from"
  end
  return ("the interface has no %s address to ask from"):format(scope.ipv4 and "IPv4" or "IPv6")
end

--- One text for all that are named and not asked on, nil when there is none.
---@param engine mlxresolve.mdns.Engine
---@param names string[]|nil
---@param scope mlxresolve.mdns.Scope
---@return string|nil  "eth7: there is no such interface; wlan0: the interface is down"
function absence.explain(engine, names, scope)
  local reasons, interfaces = {}, nil
  for _, name in ipairs(names or {}) do
    local link = find(engine.sockets.links, name)
    if not (link and scopes.includes(scope, link)) then
      interfaces = interfaces or engine.world:interfaces()
      reasons[#reasons + 1] = ("%s: %s"):format(name, why(engine, name, scope, interfaces))
    end
  end
  return reasons[1] and table.concat(reasons, "; ")
end

return absence
