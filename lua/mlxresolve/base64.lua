--- Base64 (RFC 4648 section 4), for packets in JSON.

local base64 = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local band, bor, lshift, rshift = bit.band, bit.bor, bit.lshift, bit.rshift

local digits, values = {}, {}
for i = 1, #ALPHABET do
  digits[i - 1] = ALPHABET:sub(i, i)
  values[ALPHABET:byte(i)] = i - 1
end

---@param bytes string
---@return string
function base64.encode(bytes)
  local parts = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local n = bor(lshift(a, 16), lshift(b or 0, 8), c or 0)
    parts[#parts + 1] = digits[rshift(n, 18)]
      .. digits[band(rshift(n, 12), 63)]
      .. (b and digits[band(rshift(n, 6), 63)] or "=")
      .. (c and digits[band(n, 63)] or "=")
  end
  return table.concat(parts)
end

--- The bytes of a text; nil when it is no base64.
---@param text string
---@return string|nil
function base64.decode(text)
  local body, padding = text:match("^([%w+/]*)(=*)$")
  if not body or #text % 4 ~= 0 or #padding > 2 then
    return nil
  end
  local parts = {}
  for i = 1, #body, 4 do
    local a, b, c, d = body:byte(i, i + 3)
    local n =
      bor(lshift(values[a], 18), lshift(values[b], 12), lshift(values[c] or 0, 6), values[d] or 0)
    local bytes = string.char(rshift(n, 16), band(rshift(n, 8), 255), band(n, 255))
    parts[#parts + 1] = bytes:sub(1, not c and 1 or not d and 2 or 3)
  end
  return table.concat(parts)
end

return base64
