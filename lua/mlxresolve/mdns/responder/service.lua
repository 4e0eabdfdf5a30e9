--- The claim to a service's instance name, and what DNS-SD says of it (RFC 6763).

local core = require("mlxresolve.core")
local labels = require("mlxresolve.mdns.responder.labels")
local record = require("mlxresolve.mdns.responder.record")

local ENUMERATION = "_services._dns-sd._udp.local."
-- RFC 6763 section 6.1: what with the rest still fits into the 9000 bytes of a packet.
local MAX_TXT = 8900
local MAX_STRING = 255

---@class mlxresolve.mdns.ServiceClaim: mlxresolve.mdns.Claim
local Service = { __name = "mlxresolve.mdns.ServiceClaim", is_host = false }
Service.__index = Service

local service = {}

---------------------------------------------------------------- checking

local function refuse(text, ...)
  return nil, text:format(...), "EINVAL"
end

local function check_type(type_)
  local label = type(type_) == "string" and type_:gsub("%.local%.?$", ""):match("^_(.*)%._%l%l%l$")
  local transport = type(type_) == "string" and type_:match("%._(%l%l%l)%.?l?o?c?a?l?%.?$")
  local is_good = label
    and (transport == "tcp" or transport == "udp")
    and #label <= 15
    and label:find("^%w[%w-]*$")
    and label:find("%a")
  if not is_good then
    local text = "a service is named like '_mlx._tcp', 1 to 15 letters, digits or hyphens, got %q"
    return refuse(text, tostring(type_))
  end
  return ("_%s._%s"):format(label, transport)
end

local function quote(text)
  local escaped = text:gsub('[%c"\\\127-\255]', function(char)
    return ("\\%03d"):format(char:byte())
  end)
  return ('"%s"'):format(escaped)
end

local function txt_strings(txt)
  local list = {}
  for key, value in pairs(txt or {}) do
    if type(key) == "number" then
      list[#list + 1] = tostring(value)
    elseif key == "" or key:find("[^ -~]") or key:find("=", 1, true) then
      return refuse("a TXT key is printable ASCII without '=', got %q", key)
    elseif value == true then
      list[#list + 1] = key
    elseif value ~= false then
      list[#list + 1] = ("%s=%s"):format(key, tostring(value))
    end
  end
  if not (txt and #txt > 0) then
    table.sort(list)
  end
  return list
end

--- The text of a TXT record: `{ k = "v", flag = true }` or `{ "k=v", "flag" }`.
local function txt_data(txt)
  local list, message, code = txt_strings(txt)
  if not list then
    return nil, message, code
  end
  local bytes, seen, quoted = 0, {}, {}
  for _, text in ipairs(list) do
    local key = text:match("^[^=]*"):lower()
    if key == "" then
      return refuse("a TXT string begins with its key, got %q", text)
    elseif #text > MAX_STRING then
      return refuse("a TXT string has at most %d bytes, '%s' has %d", MAX_STRING, key, #text)
    elseif not seen[key] then
      seen[key] = true
      quoted[#quoted + 1] = quote(text)
      bytes = bytes + #text + 1
    end
  end
  if bytes > MAX_TXT then
    return refuse("TXT data has at most %d bytes, got %d", MAX_TXT, bytes)
  end
  return #quoted > 0 and table.concat(quoted, " ") or '""'
end

local function subtype_names(list, type_name)
  local names = {}
  for i, subtype in ipairs(list or {}) do
    local label = type(subtype) == "string" and subtype
    if not labels.is_good(label) then
      return refuse("a subtype is a label of 1 to 63 bytes, got %q", tostring(subtype))
    end
    names[i] = labels.text(label) .. "_sub." .. type_name
  end
  return names
end

---------------------------------------------------------------- making

---@class mlxresolve.mdns.ServiceSpec
---@field service string            "_mlx._tcp"
---@field port integer
---@field instance string?          name of the instance; the host's label
---@field txt table?                { key = value }, or { "key=value" }
---@field subtypes string[]?

local function take_label(self, label)
  self.label = label
  self.name = labels.text(label) .. self.type_name
  self.key = assert(core.name.canonical(self.name))
  self.wanted = self.wanted or self.name
end

--- Other data under the same name.
---@param spec mlxresolve.mdns.ServiceSpec
---@return true|nil, string? message, string? code
function Service:update(spec)
  local txt, message, code = txt_data(spec.txt)
  if not txt then
    return nil, message, code
  end
  local subtypes
  subtypes, message, code = subtype_names(spec.subtypes, self.type_name)
  if not subtypes then
    return nil, message, code
  end
  local port = spec.port
  if type(port) ~= "number" or port < 0 or port > 65535 or port % 1 ~= 0 then
    return refuse("a service needs a port from 0 to 65535, got %s", tostring(port))
  end
  self.txt, self.subtypes, self.port = txt, subtypes, port
  return true
end

--- Checks a specification.
---@param spec mlxresolve.mdns.ServiceSpec
---@param host_label string  the instance's name when it has none; `host` is set by who claims
---@return mlxresolve.mdns.ServiceClaim|nil, string? message, string? code
function service.new(spec, host_label)
  local type_, message, code = check_type(spec.service)
  if not type_ then
    return nil, message, code
  end
  local label = spec.instance or host_label
  if not labels.is_good(label) then
    return refuse("an instance's name has 1 to 63 bytes, got %q", tostring(label))
  end
  local self =
    setmetatable({ host = false, conflicts = {}, type_name = type_ .. ".local." }, Service)
  take_label(self, label)
  local is_good
  is_good, message, code = self:update(spec)
  if not is_good then
    return nil, message, code
  end
  return self
end

function Service:rename()
  take_label(self, labels.next_instance(self.label))
end

--- The same on every link: the link's addresses are the host's.
---@return mlxresolve.mdns.Published[]
function Service:records()
  local list = {
    record.new {
      name = self.name,
      type = "SRV",
      data = ("0 0 %d %s"):format(self.port, self.host.name),
      ttl = record.HOST_TTL,
      is_unique = true,
    },
    record.new { name = self.name, type = "TXT", data = self.txt, is_unique = true },
    record.new { name = self.type_name, type = "PTR", data = self.name },
    record.new { name = ENUMERATION, type = "PTR", data = self.type_name },
  }
  for _, subtype in ipairs(self.subtypes) do
    list[#list + 1] = record.new { name = subtype, type = "PTR", data = self.name }
  end
  return list
end

return service
