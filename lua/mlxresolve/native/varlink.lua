--- systemd-resolved over varlink: JSON with a NUL behind each message, so that no D-Bus is needed.
--- Asked for mDNS only; what it may know from DNS is not its responder's knowledge.

local cjson = require("cjson.safe")

local varlink = {}

local SOCKET = "/run/systemd/resolve/io.systemd.Resolve"
local MAX_REPLY = 64 * 1024
-- SD_RESOLVED_MDNS_IPV4 and SD_RESOLVED_MDNS_IPV6 of systemd's resolved-def.h.
local MDNS_ONLY = 8 + 16
-- AF_INET and AF_INET6 of Linux, where alone there is systemd.
local FAMILIES = { ipv4 = 2, ipv6 = 10 }

local ERROR = "^io%.systemd%.Resolve%."
local CODES = {
  -- mDNS is off, or there is no link for it: somebody else's business.
  NoNameServers = "ENOTSUP",
  NetworkDown = "ENOTSUP",
  QueryRefused = "ENOTSUP",
  QueryTimedOut = "ENOTFOUND",
  MaxAttemptsReached = "ENOTFOUND",
  DNSError = "ENOTFOUND",
}

local function ipv4(bytes)
  return table.concat(bytes, ".")
end

local function ipv6(bytes)
  local groups = {}
  for i = 1, 15, 2 do
    groups[#groups + 1] = ("%x"):format(bytes[i] * 256 + bytes[i + 1])
  end
  return table.concat(groups, ":")
end

local function are_bytes(list, count)
  if type(list) ~= "table" or #list ~= count then
    return false
  end
  for i = 1, count do
    local byte = list[i]
    if type(byte) ~= "number" or byte < 0 or byte > 255 or byte % 1 ~= 0 then
      return false
    end
  end
  return true
end

local function read_address(entry, family)
  if type(entry) ~= "table" or entry.family ~= FAMILIES[family] then
    return nil
  end
  if not are_bytes(entry.address, family == "ipv4" and 4 or 16) then
    return nil
  end
  local index = type(entry.ifindex) == "number" and entry.ifindex > 0 and entry.ifindex or false
  return {
    address = family == "ipv4" and ipv4(entry.address) or ipv6(entry.address),
    interface = index,
  }
end

--- Reads a reply. An empty list means that the name has no address of the family.
---@param text string
---@param family "ipv4"|"ipv6"
---@return { address: string, interface: integer|false }[]|nil, string? message, string? code
function varlink.parse(text, family)
  local reply = cjson.decode(text)
  if type(reply) ~= "table" then
    return nil, "systemd-resolved: the reply is no JSON object", "EFORMAT"
  end
  if type(reply.error) == "string" then
    local name = reply.error:gsub(ERROR, "")
    if name == "NoSuchResourceRecord" then
      return {}
    end
    return nil, "systemd-resolved: " .. name:sub(1, 80):gsub("%c", "?"), CODES[name] or "EFAILED"
  end
  local parameters = reply.parameters
  local list = type(parameters) == "table" and parameters.addresses
  if type(list) ~= "table" then
    return nil, "systemd-resolved: the reply has no addresses", "EFORMAT"
  end
  local found = {}
  for _, entry in ipairs(list) do
    found[#found + 1] = read_address(entry, family)
  end
  return found
end

local function read_message(stream)
  local text = ""
  while not text:find("\0", 1, true) do
    local data, message, code = stream:read()
    if not data then
      return nil, message, code
    elseif data == "" or #text > MAX_REPLY then
      return nil, "systemd-resolved broke off", "ECLOSED"
    end
    text = text .. data
  end
  return (text:match("^(.-)%z"))
end

--- Asks for a name's addresses. Waits.
---@param connect fun(target: string): table|nil, string?, string?  as ctx:connect
---@param name string
---@param family "ipv4"|"ipv6"
---@param path string?
---@return { address: string, interface: integer|false }[]|nil, string? message, string? code
function varlink.ask(connect, name, family, path)
  local stream, message, code = connect(path or SOCKET)
  if not stream then
    return nil, message, code
  end
  stream:write(cjson.encode {
    method = "io.systemd.Resolve.ResolveHostname",
    parameters = {
      name = (name:gsub("%.$", "")),
      family = FAMILIES[family],
      flags = MDNS_ONLY,
    },
  } .. "\0")
  local text
  text, message, code = read_message(stream)
  stream:close()
  if not text then
    return nil, message, code
  end
  return varlink.parse(text, family)
end

return varlink
