--- resolv.conf(5): the servers that the system is told to ask.

local core = require("mlxresolve.core")

local MAX_SERVERS = 8

local resolv_conf = {}

--- The servers named in the text, as endpoints with port, in order, without repetition. What
--- cannot be read is left out, as the C library does.
---@param text string
---@return string[]  "192.0.2.53:53", "[2001:db8::53]:53"
function resolv_conf.servers(text)
  local list, seen = {}, {}
  for line in text:gmatch("[^\r\n]+") do
    local word = line:match("^%s*nameserver%s+(%S+)")
    local parsed = word and core.address.parse(word)
    if parsed and #list < MAX_SERVERS then
      local form = parsed.family == "ipv6" and "[%s]:%d" or "%s:%d"
      local endpoint = form:format(parsed.address, parsed.port or 53)
      if not seen[endpoint] then
        seen[endpoint] = true
        list[#list + 1] = endpoint
      end
    end
  end
  return list
end

return resolv_conf
