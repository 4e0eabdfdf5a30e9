--- A scope says where a question goes and whose answers count: which interfaces, which families.
--- Two askers with the same options share one scope, so that they share lookups.

local scopes = {}

local KEYS = {
  [true] = { [true] = "46", [false] = "4" },
  [false] = { [true] = "6", [false] = "" },
}

---@class mlxresolve.mdns.Scope
---@field key string
---@field names table<string, boolean>|false  false: every link that mDNS fits
---@field ipv4 boolean  speak over IPv4
---@field ipv6 boolean
---@field is_told boolean?  which of the names are not there was logged

--- The scope of these options, made once.
---@param known table<string, mlxresolve.mdns.Scope>
---@param options mlxresolve.mdns.AskOptions
---@return mlxresolve.mdns.Scope
function scopes.of(known, options)
  local names = options.interfaces
  local ipv4, ipv6 = options.ipv4 ~= false, options.ipv6 ~= false
  local key = KEYS[ipv4][ipv6]
  if names and names[1] then
    key = table.concat(names, ",") .. "/" .. key
  end
  local scope = known[key]
  if not scope then
    scope = { key = key, names = false, ipv4 = ipv4, ipv6 = ipv6 }
    if names and names[1] then
      scope.names = {}
      for _, name in ipairs(names) do
        scope.names[name] = true
      end
    end
    known[key] = scope
  end
  return scope
end

---@param scope mlxresolve.mdns.Scope
---@param link mlxresolve.mdns.Link
---@return boolean
function scopes.includes(scope, link)
  local is_meant = link.is_default
  if scope.names then
    is_meant = scope.names[link.name] or false
  end
  return is_meant and ((scope.ipv4 and link.ipv4) or (scope.ipv6 and link.ipv6)) or false
end

---@param scope mlxresolve.mdns.Scope
---@param speaking mlxresolve.mdns.Link[]
---@return mlxresolve.mdns.Link[]
function scopes.links(scope, speaking)
  local found = {}
  for _, link in ipairs(speaking) do
    if scopes.includes(scope, link) then
      found[#found + 1] = link
    end
  end
  return found
end

--- Is there a link to ask on?
---@return boolean
function scopes.has_link(scope, speaking)
  for i = 1, #speaking do
    if scopes.includes(scope, speaking[i]) then
      return true
    end
  end
  return false
end

--- Indexes of the interfaces whose records count, or nil when all do: what was heard
--- elsewhere is no answer for those who named interfaces.
---@return table<integer, boolean>|nil
function scopes.filter(scope, speaking)
  if not scope.names then
    return nil
  end
  local indexes = {}
  for _, link in ipairs(scopes.links(scope, speaking)) do
    indexes[link.index] = true
  end
  return indexes
end

local ONLY = {
  ipv4 = { ipv4 = true, ipv6 = false },
  ipv6 = { ipv4 = false, ipv6 = true },
  neither = { ipv4 = false, ipv6 = false },
}

--- The families to ask over on a link: both, or of the two parts of a question that goes out over
--- one after the other, what the `leading` one takes and what is left to the `trailing` one.
---@param scope mlxresolve.mdns.Scope
---@param link mlxresolve.mdns.Link
---@param part "leading"|"trailing"|false
---@return { ipv4: boolean, ipv6: boolean }
function scopes.families(scope, link, part)
  if not part then
    return scope
  end
  local has_ipv4, has_ipv6 = scope.ipv4 and link.ipv4, scope.ipv6 and link.ipv6
  if part == "leading" then
    return has_ipv4 and ONLY.ipv4 or ONLY.ipv6
  end
  return has_ipv4 and has_ipv6 and ONLY.ipv6 or ONLY.neither
end

--- "eth0, wlan0", for messages.
---@return string
function scopes.describe(scope, speaking)
  local names = {}
  for i, link in ipairs(scopes.links(scope, speaking)) do
    names[i] = link.name
  end
  return table.concat(names, ", ")
end

return scopes
