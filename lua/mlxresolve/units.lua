--- Quantities as people write them: "150ms", "1h", "32MiB". Durations are milliseconds,
--- TTLs whole seconds, sizes bytes; a bare number counts in that unit.
local units = {}

local durations = { ms = 1, s = 1000, m = 60e3, h = 3600e3, d = 86400e3 }
local seconds = { s = 1, m = 60, h = 3600, d = 86400, w = 604800 }
local bytes = { B = 1, kB = 1e3, MB = 1e6, GB = 1e9, TB = 1e12 }
bytes.KiB, bytes.MiB, bytes.GiB, bytes.TiB = 2 ^ 10, 2 ^ 20, 2 ^ 30, 2 ^ 40

-- RFC 2181 section 8: a TTL has 31 bits.
local ttl_max = 2 ^ 31 - 1

local function read(value, scale, is_whole)
  if type(value) == "string" then
    local number, unit = value:match("^(%d+%.?%d*)(%a+)$")
    value = number and scale[unit] and tonumber(number) * scale[unit]
  end
  local is_good = type(value) == "number" and value >= 0 and value < math.huge
  if not is_good or (is_whole and value % 1 ~= 0) then
    return nil
  end
  return value
end

--- "150ms", "2s", "5m", "1h", "1d" or a number of ms. Nothing when it is none of them.
---@param value any
---@return number|nil ms
function units.duration(value)
  return read(value, durations, false)
end

--- "0s", "5m", "1h", "1d", "1w" or a number of whole seconds.
---@param value any
---@return integer|nil seconds
function units.ttl(value)
  local ttl = read(value, seconds, true)
  return ttl and ttl <= ttl_max and ttl or nil
end

--- "512KiB", "32MiB", "1GB" or a number of bytes.
---@param value any
---@return integer|nil bytes
function units.size(value)
  local size = read(value, bytes, true)
  return size and size < 2 ^ 53 and size or nil
end

return units
