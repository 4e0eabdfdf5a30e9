--- The outcome of a query as the control socket and `--json` tell it.
---
--- `status` is "answer", "nxdomain", "nodata", "timeout" or "error".

local result = {}

local FAILURES = { ETIMEOUT = "timeout", ENOTFOUND = "nxdomain" }

local function round(ms)
  return type(ms) == "number" and math.floor(ms * 1000 + 0.5) / 1000 or 0
end

local function describe_address(entry)
  return {
    address = entry.address,
    family = entry.family,
    interface = entry.interface or false,
    ttl = entry.ttl,
    strategy = entry.strategy or false,
  }
end

local function describe_record(record)
  return { name = record.name, type = record.type, ttl = record.ttl, data = record.data }
end

local function describe_try(try)
  return {
    type = try.type,
    strategy = try.strategy or false,
    result = try.result,
    ms = round(try.ms),
    detail = try.detail or false,
  }
end

local function map(fn, list)
  local out = {}
  for i, value in ipairs(list or {}) do
    out[i] = fn(value)
  end
  return out
end

---@class mlxresolve.Asked
---@field name string     canonical
---@field types string[]
---@field trace boolean?

--- One table for success and failure alike; what is not there is false.
---@param asked mlxresolve.Asked
---@param found table|nil   what `resolver:resolve` found
---@param message string?
---@param code string?
---@param details table?    of a failure: { ms, trace }
---@return table
function result.describe(asked, found, message, code, details)
  local source = found or details or {}
  local shown = {
    name = source.name or asked.name,
    type = table.concat(asked.types, "+"),
    status = found and found.status or FAILURES[code] or "error",
    addresses = map(describe_address, source.addresses),
    records = map(describe_record, source.records),
    ms = round(source.ms),
    cached = source.cached == true,
    stale = source.stale == true,
    suspect = source.suspect == true,
  }
  if not found then
    shown.error = message or "no answer"
    shown.code = code or "EFAILED"
  end
  if asked.trace then
    shown.trace = map(describe_try, source.trace)
  end
  return shown
end

--- The exit code that tells an outcome to a script: those of `mlxresolve --help`.
---@param status string
---@return integer
function result.exit_code(status)
  if status == "answer" then
    return 0
  elseif status == "nxdomain" or status == "nodata" then
    return 2
  end
  return 3
end

return result
