--- Avahi's simple protocol, one line each way: what nss-mdns speaks, so that no D-Bus is needed.
---
---   RESOLVE-HOSTNAME-IPV4 mini2.local
---   + 2 0 mini2.local 192.0.2.7          interface, protocol, name, address
---   -15 Timeout reached                  or an error

local avahi = {}

local SOCKET = "/run/avahi-daemon/socket"
local MAX_LINE = 1024
local COMMANDS = { ipv4 = "RESOLVE-HOSTNAME-IPV4", ipv6 = "RESOLVE-HOSTNAME-IPV6" }
-- Avahi's "Timeout reached": nobody on the link has answered for five seconds.
local TIMEOUT = 15

local function read_line(stream)
  local line = ""
  while not line:find("\n", 1, true) do
    local data, message, code = stream:read()
    if not data then
      return nil, message, code
    elseif data == "" or #line > MAX_LINE then
      return nil, "avahi-daemon broke off", "ECLOSED"
    end
    line = line .. data
  end
  return line:match("^[^\n]*")
end

--- Reads a reply line.
---@param line string
---@return { address: string, interface: integer }[]|nil, string? message, string? code
function avahi.parse(line)
  local interface, address = line:match("^%+ (%d+) %d+ %S+ (%S+)%s*$")
  if interface then
    return { { address = address, interface = tonumber(interface) } }
  end
  local code, text = line:match("^%-(%d+) ?(.*)$")
  if not code then
    return nil, ("avahi-daemon said '%s'"):format(line:sub(1, 80):gsub("%c", "?")), "EFORMAT"
  elseif tonumber(code) == TIMEOUT then
    return nil, "avahi-daemon: " .. text, "ENOTFOUND"
  end
  return nil, "avahi-daemon: " .. text, "EFAILED"
end

--- Asks for a name's address. Waits.
---@param connect fun(target: string): table|nil, string?, string?  as ctx:connect
---@param name string
---@param family "ipv4"|"ipv6"
---@param path string?
---@return { address: string, interface: integer }[]|nil, string? message, string? code
function avahi.ask(connect, name, family, path)
  -- The protocol has no quoting; a name with such bytes cannot be asked for.
  if name:find("[%c%s\\]") then
    return nil, "avahi-daemon cannot be asked for this name", "ENOTSUP"
  end
  local stream, message, code = connect(path or SOCKET)
  if not stream then
    return nil, message, code
  end
  stream:write(("%s %s\n"):format(COMMANDS[family], (name:gsub("%.$", ""))))
  local line
  line, message, code = read_line(stream)
  stream:close()
  if not line then
    return nil, message, code
  end
  return avahi.parse(line)
end

return avahi
