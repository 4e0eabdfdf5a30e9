--- What a request found: the parts of one name, a type each, as one table.
---
--- `addresses` and `records` are made when they are first read: most programs want one of them, and
--- either costs more than the rest of a cached lookup.

local core = require("mlxresolve.core")

local result = {}

local FAMILY = { A = "ipv4", AAAA = "ipv6" }
local WEIGHT = { nxdomain = 1, nodata = 2, answer = 3 }

-- Parts are flat slots, since two tables of a dozen fields would cost more than the lookups.
local STRIDE = 9
local TYPE, PACKET, STATUS, TTL, STRATEGY, INTERFACE, CACHED, STALE = 1, 2, 3, 4, 5, 6, 7, 8
local SUSPECT = 9

local function is_link_local(text)
  return text:find("^[fF][eE][89abAB]") ~= nil
end

local function add_addresses(list, parts, base, resolver)
  local interface = resolver:interface_name(parts[base + INTERFACE])
  local family = FAMILY[parts[base + TYPE]]
  for _, text in ipairs((core.answer.data(parts[base + PACKET])) or {}) do
    if interface and is_link_local(text) then
      text = text .. "%" .. interface
    end
    list[#list + 1] = {
      address = text,
      family = family,
      interface = interface,
      ttl = parts[base + TTL],
      strategy = parts[base + STRATEGY],
    }
  end
end

local function add_records(list, packet)
  local message = core.wire.decode(packet)
  for _, record in ipairs(message and message.answers or {}) do
    list[#list + 1] =
      { name = record.name, type = record.type, ttl = record.ttl, data = record.data }
  end
end

local lazy = {}

function lazy.addresses(request)
  local list, parts = {}, request.parts
  for base = 0, (request.count - 1) * STRIDE, STRIDE do
    if parts[base + STATUS] == "answer" and FAMILY[parts[base + TYPE]] then
      add_addresses(list, parts, base, request.resolver)
    end
  end
  return list
end

function lazy.records(request)
  local list, parts = {}, request.parts
  for base = 0, (request.count - 1) * STRIDE, STRIDE do
    if parts[base + PACKET] then
      add_records(list, parts[base + PACKET])
    end
  end
  return list
end

--- What a result's fields are made of must not stand among them: a request is the metatable of its
--- result, and this is its __index.
---@param self mlxresolve.Result
---@param key any
function result.index(self, key)
  local make = lazy[key]
  if make then
    local list = make(getmetatable(self))
    rawset(self, key, list)
    return list
  end
end

--- Puts the part of the `index`-th type in.
---@param parts table
---@param index integer
---@param type_name string
---@param packet string|false  the canonical answer; false when there is none
---@param status string|false
---@param ttl integer|false
---@param strategy string|false
---@param interface integer|false
---@param is_cached boolean
---@param is_stale boolean
---@param is_suspect boolean
function result.put(
  parts,
  index,
  type_name,
  packet,
  status,
  ttl,
  strategy,
  interface,
  is_cached,
  is_stale,
  is_suspect
)
  local base = (index - 1) * STRIDE
  parts[base + TYPE], parts[base + PACKET], parts[base + STATUS] = type_name, packet, status
  parts[base + TTL], parts[base + STRATEGY], parts[base + INTERFACE] = ttl, strategy, interface
  parts[base + CACHED], parts[base + STALE], parts[base + SUSPECT] = is_cached, is_stale, is_suspect
end

--- Slots for two parts, which is what most requests have; a constant table is copied in one go.
---@return table
function result.parts()
  -- stylua: ignore
  return {
    false, false, false, false, false, false, false, false, false,
    false, false, false, false, false, false, false, false, false,
  }
end

local function gather_traces(request)
  local list, parts = {}, request.parts
  for i = 1, request.count do
    for _, try in ipairs(request.traces[i] or {}) do
      try.type = parts[(i - 1) * STRIDE + TYPE]
      list[#list + 1] = try
    end
  end
  return list
end

--- Gathers the parts of a request. `status` is the best of theirs, nil when all failed; then
--- `message` and `code` tell of the last.
---@param request mlxresolve.Request
---@param ms number
---@return mlxresolve.Result
function result.gather(request, ms)
  local parts, status = request.parts, nil
  local is_cached, is_stale, is_suspect = true, false, false
  for base = 0, (request.count - 1) * STRIDE, STRIDE do
    if parts[base + PACKET] then
      local this = parts[base + STATUS]
      is_cached = is_cached and parts[base + CACHED]
      is_stale = is_stale or parts[base + STALE]
      is_suspect = is_suspect or parts[base + SUSPECT]
      if not status or WEIGHT[this] > WEIGHT[status] then
        status = this
      end
    end
  end
  return setmetatable({
    name = request.name,
    type = request.type,
    status = status,
    ms = ms,
    cached = is_cached and status ~= nil,
    stale = is_stale,
    suspect = is_suspect,
    message = request.message,
    code = request.code,
    trace = request.traces and gather_traces(request) or nil,
  }, request)
end

return result
