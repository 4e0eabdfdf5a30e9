--- Interfaces by name ("veth*"), by kind ("tunnel") or by a network that they have an address in
--- ("10.0.0.0/8"): how a policy says which ones it means.

local without_scope = require("mlxresolve.address").without_scope
local core = require("mlxresolve.core")

local KINDS = {
  loopback = true,
  ethernet = true,
  wifi = true,
  thunderbolt = true,
  bridge = true,
  tunnel = true,
  other = true,
}

local selectors = {}

local function pattern_of(glob)
  local escaped = glob:gsub("[%^%$%(%)%%%.%[%]%+%-]", "%%%0")
  return "^" .. escaped:gsub("%*", ".*"):gsub("%?", ".") .. "$"
end

--- Is it one?
---@param text any
---@return boolean
function selectors.is(text)
  if type(text) ~= "string" or text == "" or text:find("%s") then
    return false
  end
  return not text:find("/", 1, true) or core.address.network(text) ~= nil
end

local function has_address(interface, network)
  for _, entry in ipairs(interface.addresses or {}) do
    if core.address.is_within(without_scope(entry.address), network) then
      return true
    end
  end
  return false
end

--- Does any of a list mean this interface?
---@param list string[]
---@param interface { name: string|false, kind: string?, addresses: table[]? }
---@return boolean
function selectors.mean(list, interface)
  for _, selector in ipairs(list) do
    local is_meant
    if selector:find("/", 1, true) then
      is_meant = has_address(interface, selector)
    elseif KINDS[selector] then
      is_meant = interface.kind == selector
    else
      is_meant = interface.name and interface.name:find(pattern_of(selector)) ~= nil
    end
    if is_meant then
      return true
    end
  end
  return false
end

return selectors
