--- What a control request carries, checked: parameters of the path, fields of the body.
---
--- Each function returns nil and a refusal ({ status, code, error }) for what it cannot read.

local core = require("mlxresolve.core")
local json = require("mlxresolve.json")
local service_name = require("mlxresolve.mdns.service_name")
local suggest = require("mlxresolve.suggest")
local units = require("mlxresolve.units")

local parameters = {}

local MOST_TYPES = 8
local MOST_NAMES = 64
local MOST_INTERFACES = 16

local function refuse(status, code, text, ...)
  return { status = status, code = code, error = text:format(...) }
end

local function unescape(text)
  return (
    text:gsub("+", " "):gsub("%%(%x%x)", function(hex)
      return string.char(tonumber(hex, 16))
    end)
  )
end

--- The parameters of a query string as lists by name.
---@param query string
---@param known string[]
---@return table<string, string[]>|nil, table? refusal
function parameters.read(query, known)
  local found = {}
  for part in query:gmatch("[^&]+") do
    local name, value = part:match("^([^=]*)=?(.*)$")
    name = unescape(name)
    local hint = suggest.unknown(name, known)
    if hint then
      return nil, refuse(400, "EINVAL", "unknown parameter '%s'%s", name, hint)
    end
    found[name] = found[name] or {}
    table.insert(found[name], unescape(value))
  end
  return found
end

--- A host's name, of a parameter or a field. The empty text would be the root.
---@param text string
---@return string|nil canonical, table? refusal
function parameters.name(text)
  local name = text ~= "" and core.name.canonical(text)
  if not name then
    return nil, refuse(400, "ETEXT", "'%s' is no host name, such as mini2.local", text)
  end
  return name
end

local function is_on(values)
  return values ~= nil and values[#values] ~= "0" and values[#values] ~= "false"
end

local function read_types(values)
  local types = {}
  if values and #values > MOST_TYPES then
    return nil, refuse(400, "EINVAL", "at most %d types at a time", MOST_TYPES)
  end
  for i, value in ipairs(values or { "A", "AAAA" }) do
    types[i] = value:upper()
    if not core.wire.type_number(types[i]) then
      return nil, refuse(400, "ETEXT", "'%s' is no record type, such as A, AAAA or SRV", value)
    end
  end
  return types
end

local function read_timeout(values)
  if not values then
    return nil
  end
  local text = values[#values]
  local timeout = units.duration(tonumber(text) or text)
  if not timeout or timeout <= 0 or timeout > 60e3 then
    local form = "timeout: expected a duration up to 60s such as '800ms' or '2s', got '%s'"
    return nil, refuse(400, "EINVAL", form, text)
  end
  return timeout
end

--- The question in a query string, as `resolver:resolve` takes it.
---@param query string
---@return mlxresolve.Asked|nil, table? refusal
function parameters.question(query)
  local found, problem = parameters.read(query, { "name", "type", "trace", "fresh", "timeout" })
  if not found then
    return nil, problem
  elseif not found.name then
    return nil, refuse(400, "EINVAL", "say which name to ask for: name=mini2.local")
  elseif #found.name > 1 then
    return nil, refuse(400, "EINVAL", "name: one at a time, got %d", #found.name)
  end
  local name, types, timeout
  name, problem = parameters.name(found.name[1])
  if not name then
    return nil, problem
  end
  types, problem = read_types(found.type)
  if not problem then
    timeout, problem = read_timeout(found.timeout)
  end
  if problem then
    return nil, problem
  end
  return {
    name = name,
    types = types,
    timeout = timeout,
    trace = is_on(found.trace),
    fresh = is_on(found.fresh),
  }
end

--- The names in a query string, each once.
---@param query string
---@return string[]|nil, table? refusal
function parameters.names(query)
  local found, problem = parameters.read(query, { "name" })
  if not found then
    return nil, problem
  elseif not found.name then
    return nil, refuse(400, "EINVAL", "say which names to watch: name=mini2.local&name=mini3.local")
  elseif #found.name > MOST_NAMES then
    return nil, refuse(400, "EINVAL", "at most %d names at a time", MOST_NAMES)
  end
  local names = {}
  for _, text in ipairs(found.name) do
    local name
    name, problem = parameters.name(text)
    if not name then
      return nil, problem
    elseif not names[name] then
      names[#names + 1], names[name] = name, true
    end
  end
  return { unpack(names) }
end

--- Which services are asked for: all types without one, all interfaces without one.
---@param query string
---@return { type: string|nil, interfaces: string[]|nil }|nil, table? refusal
function parameters.browsing(query)
  local found, problem = parameters.read(query, { "type", "interface" })
  if not found then
    return nil, problem
  elseif found.type and #found.type > 1 then
    return nil, refuse(400, "EINVAL", "one type at a time, or none for all")
  elseif #(found.interface or {}) > MOST_INTERFACES then
    return nil, refuse(400, "EINVAL", "at most %d interfaces at a time", MOST_INTERFACES)
  end
  local wanted = found.type and found.type[1] ~= "" and found.type[1] or nil
  local ok, message, code = true, nil, nil
  if wanted then
    ok, message, code = service_name.of_type(wanted)
  end
  if not ok then
    return nil, refuse(400, code, "%s", message)
  end
  return { type = wanted, interfaces = found.interface }
end

--- The fields of a JSON body: {} for none.
---@param body string
---@param known table<string, string>  field → type
---@return table|nil, table? refusal
function parameters.body(body, known)
  if body:match("^%s*$") then
    return {}
  end
  local fields, message = json.decode(body)
  if type(fields) ~= "table" then
    local got = fields == false and "null or false" or "a " .. type(fields)
    message = fields == nil and message or "expected an object, got " .. got
    return nil, refuse(400, "EFORMAT", "body: %s", message)
  end
  for name in pairs(fields) do
    if not known[name] then
      local names = {}
      for other in pairs(known) do
        names[#names + 1] = other
      end
      local hint = suggest.hint(name, names)
      return nil, refuse(400, "EINVAL", "body: unknown field '%s'%s", tostring(name), hint)
    elseif type(fields[name]) ~= known[name] then
      local form = "body: %s: expected a %s, got %s"
      local got = fields[name] == false and "null or false" or "a " .. type(fields[name])
      return nil, refuse(400, "EINVAL", form, name, known[name], got)
    end
  end
  return fields
end

local function read_names(fields, filter)
  for _, field in ipairs { "name", "suffix" } do
    if fields[field] then
      local name, problem = parameters.name(fields[field])
      if not name then
        return problem
      end
      filter[field] = name
    end
  end
end

--- The entries of the cache that are meant, as `resolver:flush` and `resolver:list` take it.
---@param fields table<string, string>
---@return table|nil, table? refusal
function parameters.filter(fields)
  local filter = { interface = fields.interface, strategy = fields.strategy }
  local problem = read_names(fields, filter)
  if problem then
    return nil, problem
  end
  if fields.type then
    local types
    types, problem = read_types { fields.type }
    if not types then
      return nil, problem
    end
    filter.type = types[1]
  end
  if fields.older_than then
    filter.older_than = units.ttl(tonumber(fields.older_than) or fields.older_than)
    if not filter.older_than then
      local form = "older_than: expected a time such as '10m' or seconds, got '%s'"
      return nil, refuse(400, "EINVAL", form, fields.older_than)
    end
  end
  return filter
end

--- A whole number from 1, `fallback` when there is none; larger ones count as `most`.
---@param text string|nil
---@param fallback integer
---@param most integer
---@return integer|nil, table? refusal
function parameters.limit(text, fallback, most)
  local limit = tonumber(text or fallback)
  if not limit or limit < 1 or limit % 1 ~= 0 then
    return nil, refuse(400, "EINVAL", "limit: expected a whole number from 1, got '%s'", text)
  end
  return math.min(limit, most)
end

return parameters
