--- What the word of a check is worth: a host that could not be asked is not therefore dead.

-- This machine has no leave, no way, no room; or the check itself went wrong.
local WORTHLESS = {}
for code in
  ([[EACCES EADDRNOTAVAIL EAGAIN EINVAL EMFILE ENETDOWN ENETUNREACH ENOBUFS ENOTSUP EPERM
  EPLUGIN]]):gmatch("%u+")
do
  WORTHLESS[code] = true
end

local testimony = {}

--- Of what a probe or an identity check returned: "for", "against" or "none".
---@param ok any
---@param message string?
---@param code string?
---@return "for"|"against"|"none"
function testimony.weigh(ok, message, code)
  if ok then
    return "for"
  end
  return message and not WORTHLESS[code] and "against" or "none"
end

return testimony
