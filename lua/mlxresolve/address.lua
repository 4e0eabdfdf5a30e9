--- Addresses as texts: what can be told of one without reading it as a whole.

local address = {}

--- Without its scope: "fe80::1%eth0" is "fe80::1".
---@param text string
---@return string
function address.without_scope(text)
  return (text:gsub("%%.*$", ""))
end

--- The family of an address, with or without its scope.
---@param text string
---@return "ipv4"|"ipv6"
function address.family(text)
  return text:find(":", 1, true) and "ipv6" or "ipv4"
end

--- The type of the records that hold it.
---@param text string
---@return "A"|"AAAA"
function address.type(text)
  return text:find(":", 1, true) and "AAAA" or "A"
end

return address
