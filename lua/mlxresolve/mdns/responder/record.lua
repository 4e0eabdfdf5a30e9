--- A record that this machine publishes, and how records are told apart: by owner (ASCII case
--- does not count), type and rdata, never by TTL.

local core = require("mlxresolve.core")

local record = {
  --- Section 10: records that hold a host's name or address, and all others, s.
  HOST_TTL = 120,
  OTHER_TTL = 4500,
}

local HEADER, ROOT_AND_FIXED = 12, 11

--- The rdata as bytes, without compression (section 8.2 compares it so).
---@param type string
---@param data string
---@return string|nil raw, string? message, string? code
function record.raw(type, data)
  local packet, message, code =
    core.wire.encode { answers = { { name = ".", type = type, ttl = 0, data = data } } }
  if not packet then
    return nil, message, code
  end
  return packet:sub(HEADER + ROOT_AND_FIXED + 1)
end

local function fold_target(raw)
  return raw:lower()
end

-- Names in rdata are names: "Mini2.local." is "mini2.local.".
local FOLD = {
  PTR = fold_target,
  CNAME = fold_target,
  NSEC = function()
    return ""
  end,
  SRV = function(raw)
    return raw:sub(1, 6) .. raw:sub(7):lower()
  end,
}

local function identity(key, type, raw)
  local fold = FOLD[type]
  return ("%s %s %s"):format(key, type, fold and fold(raw) or raw)
end

--- What a heard record is, in the same terms as `Record.id`; nil when it cannot be read.
---@param heard mlxresolve.Record
---@return string|nil
function record.id_of(heard)
  local raw = record.raw(heard.type, heard.data)
  return raw and identity(heard.name, heard.type, raw)
end

---@class mlxresolve.mdns.Published
---@field name string       as it is spelled on the wire
---@field key string        canonical
---@field type string
---@field ttl integer
---@field data string
---@field raw string
---@field id string
---@field is_unique boolean only this host may have records of this name and type
---@field yields boolean    given up without a word when somebody else says otherwise
---@field sent table<string, number>  path -> ms of the last multicast

---@param fields table  name, type, data; ttl, is_unique, yields
---@return mlxresolve.mdns.Published|nil, string? message, string? code
function record.new(fields)
  local key, message, code = core.name.canonical(fields.name)
  if not key then
    return nil, message, code
  end
  local raw
  raw, message, code = record.raw(fields.type, fields.data)
  if not raw then
    return nil, message, code
  end
  return {
    name = fields.name,
    key = key,
    type = fields.type,
    ttl = fields.ttl or record.OTHER_TTL,
    data = fields.data,
    raw = raw,
    id = identity(key, fields.type, raw),
    is_unique = fields.is_unique or false,
    yields = fields.yields or false,
    sent = {},
  }
end

--- The name that a PTR or SRV record points at, canonical.
---@param one mlxresolve.mdns.Published
---@return string|nil
function record.target(one)
  return core.name.canonical(one.type == "SRV" and one.data:match("%S+$") or one.data)
end

--- Says which types a name has, so that others need not wait for the rest (section 6.1). The
--- restricted form has no room for types above 255: then there is none.
---@param records mlxresolve.mdns.Published[]  all of one name
---@return mlxresolve.mdns.Published|nil
function record.nsec(records)
  local types, ttl = {}, record.OTHER_TTL
  for i, one in ipairs(records) do
    if core.wire.type_number(one.type) > 255 then
      return nil
    end
    types[i], ttl = one.type, math.min(ttl, one.ttl)
  end
  local name = records[1].name
  local data = name .. " " .. table.concat(types, " ")
  return record.new { name = name, type = "NSEC", data = data, ttl = ttl, is_unique = true }
end

return record
