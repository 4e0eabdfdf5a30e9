--- The scalar types of options: what each is called in a message, and how a value as
--- written becomes the value that a plugin works with.
local core = require("mlxresolve.core")
local selectors = require("mlxresolve.network.selectors")
local suggest = require("mlxresolve.suggest")
local units = require("mlxresolve.units")

local option_types = {}

-- For suggestions only; every type that the codec knows, and TYPE65280, is accepted.
local common_types = {}
for name in
  ([[A AAAA ANY CAA CNAME DNSKEY DS HINFO HTTPS LOC MX NAPTR NS NSEC OPENPGPKEY PTR RRSIG SMIMEA
  SOA SRV SSHFP SVCB TLSA TXT URI]]):gmatch("%u+")
do
  common_types[#common_types + 1] = name
end

local function of_type(name)
  return function(value)
    if type(value) == name then
      return value
    end
  end
end

local function integer(value)
  if type(value) == "number" and value % 1 == 0 then
    return value
  end
end

local function number(value)
  if type(value) == "number" and value == value and math.abs(value) < math.huge then
    return value
  end
end

--- "192.0.2.1:53", "[2001:db8::1]:53": text that every call of a world understands.
---@param address string
---@param port integer
---@return string
function option_types.join(address, port)
  return (address:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(address, port)
end

local function address(value)
  local parsed = type(value) == "string" and core.address.parse(value)
  return parsed and not parsed.port and parsed.address or nil
end

local function endpoint(value, spec)
  local parsed = type(value) == "string" and core.address.parse(value)
  local port = parsed and (parsed.port or spec.port)
  return port and option_types.join(parsed.address, port) or nil
end

local function network(value)
  -- Without a prefix a slip would quietly become a network of one address.
  if type(value) ~= "string" or not value:find("/", 1, true) then
    return nil
  end
  local base, prefix = core.address.network(value)
  return base and ("%s/%d"):format(base, prefix) or nil
end

-- Not every name that DNS allows: "*.local", "192.0.2.1" and "a b" are meant otherwise.
local function zone(value)
  if type(value) ~= "string" or value == "" or value:find("[%s/*]") then
    return nil
  end
  return not core.address.parse(value) and core.name.canonical(value) or nil
end

local function dns_type(value)
  local name = type(value) == "string" and value:upper()
  return name and core.wire.type_number(name) and name or nil
end

local function mac(value)
  local plain = type(value) == "string" and value:lower():gsub("-", ":")
  return plain and plain:match("^%x%x:%x%x:%x%x:%x%x:%x%x:%x%x$") or nil
end

-- RFC 6335 section 5.1: at most 15 letters, digits and hyphens.
local function service(value)
  local name = type(value) == "string" and value:match("^_([%w-]+)%._[tu][cd]p$")
  local is_transport = name and (value:find("%._tcp$") or value:find("%._udp$"))
  return is_transport and #name <= 15 and value or nil
end

-- A host with a port: "mini1.local:50051", "192.0.2.1:50051".
local function peer(value)
  if type(value) ~= "string" then
    return nil
  end
  local parsed = core.address.parse(value)
  if parsed then
    local is_whole = parsed.port and parsed.port > 0
    return is_whole and { name = parsed.address, port = parsed.port } or nil
  end
  local host, port = value:match("^([^:%s]+):(%d+)$")
  local name = host and core.name.canonical(host)
  port = tonumber(port)
  return name and port > 0 and port < 65536 and { name = name, port = port } or nil
end

local function zone_hint(value)
  local rest = type(value) == "string" and value:match("^%*%.(.+)$")
  return rest and (" ('%s' covers all names below it)"):format(rest) or ""
end

---@class mlxresolve.ScalarType
---@field expected string   completes "must be …"
---@field read fun(value: any, spec: table): any   nothing when the value is not of this type
---@field hint (fun(value: any): string)?

---@type table<string, mlxresolve.ScalarType>
option_types.scalars = {
  string = { expected = "a string", read = of_type("string") },
  boolean = { expected = "true or false", read = of_type("boolean") },
  off = {
    expected = "false",
    read = function(value)
      if value == false then
        return value
      end
    end,
  },
  integer = { expected = "a whole number", read = integer },
  number = { expected = "a number", read = number },
  ["function"] = { expected = "a function", read = of_type("function") },
  any = {
    expected = "a value",
    read = function(value)
      return value
    end,
  },
  duration = {
    expected = "a duration such as '800ms', '2s' or '5m'",
    read = units.duration,
  },
  ttl = { expected = "a time in whole seconds such as '30s', '1h' or '1d'", read = units.ttl },
  size = { expected = "a size such as '512KiB', '32MiB' or '1GB'", read = units.size },
  address = {
    expected = "an IP address such as '192.0.2.1' or '2001:db8::1'",
    read = address,
  },
  endpoint = {
    expected = "an IP address with a port such as '127.0.0.1:5453' or '[::1]:5453'",
    read = endpoint,
  },
  network = { expected = "a network such as '192.168.2.0/24' or 'fd00::/8'", read = network },
  zone = {
    expected = "a zone such as 'local' or 'cluster.example'",
    read = zone,
    hint = zone_hint,
  },
  mac = { expected = "a MAC address such as '02:00:5e:10:00:01'", read = mac },
  type = {
    expected = "a DNS type such as 'A', 'AAAA' or 'SRV'",
    read = dns_type,
    hint = function(value)
      return suggest.hint(value, common_types)
    end,
  },
  interface = {
    expected = "interfaces by name such as 'veth*', kind such as 'tunnel', or network",
    read = function(value)
      return selectors.is(value) and value or nil
    end,
  },
  service = { expected = "a service such as '_mlx._tcp'", read = service },
  peer = { expected = "a host with a port such as 'mini1.local:50051'", read = peer },
}

return option_types
