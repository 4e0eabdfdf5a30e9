--- Names of services (RFC 6763 sections 4, 7 and 9): types, instances, and how people read them.

local core = require("mlxresolve.core")

local service_name = {
  --- Where the types of all services are (section 9).
  ALL = "_services._dns-sd._udp.local.",
}

-- "_mlx._tcp", or a narrower kind of it, "_gpu._sub._mlx._tcp" (section 7.1)
local function is_type(text)
  local base = text:match("^_?[^.]+%._sub%.(.+)$") or text
  return base:find("^_[%w-]+%._tcp$") or base:find("^_[%w-]+%._udp$")
end

--- The name to browse for a type: "_mlx._tcp" with or without ".local".
---@param type string
---@return string|nil name, string? message, string? code
function service_name.of_type(type)
  local canonical = core.name.canonical(type)
  local text = canonical and canonical:gsub("%.$", "")
  local short = text and (text:match("^(.*)%.local$") or text)
  if not short or not is_type(short) then
    local form = "'%s' is no type of service, such as _http._tcp or _gpu._sub._mlx._tcp"
    return nil, form:format(type), "EINVAL"
  end
  return short .. ".local."
end

--- The first label of a name as its bytes, and the rest of the name.
---@param name string
---@return string|nil label, string? rest
function service_name.split(name)
  local wire = core.name.to_wire(name)
  local length = wire and wire:byte()
  if not length or length == 0 then
    return nil
  end
  return wire:sub(2, length + 1), core.name.from_wire(wire:sub(length + 2))
end

---@class mlxresolve.mdns.ServiceName
---@field instance string  as people write it, UTF-8
---@field type string      "_mlx._tcp"
---@field domain string    "local."

--- What a name such as "Worker\0321._mlx._tcp.local." means; nil when it is no instance.
---@param name string
---@return mlxresolve.mdns.ServiceName|nil
function service_name.parse(name)
  local instance, rest = service_name.split(name)
  local type, domain = (rest or ""):match("^(_[^.]+%._[tu][cd]p)%.(.+)$")
  if not type then
    return nil
  end
  return { instance = instance, type = type:lower(), domain = domain }
end

return service_name
