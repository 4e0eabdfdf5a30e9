--- What a service says about itself: the strings of a TXT record and the keys in them (RFC 6763
--- section 6).

local txt = {}

-- A record must fit into one packet with its name (section 6.2).
local MAX_BYTES = 8900

local function unescape(text)
  return (
    text:gsub("\\(.)(%d?%d?)", function(first, more)
      local is_code = #more == 2 and first:find("%d")
      return is_code and string.char(tonumber(first .. more) % 256) or first .. more
    end)
  )
end

--- The strings of a TXT record's text form, `"k=v" "flag"`, as bytes.
---@param data string
---@return string[]
function txt.strings(data)
  local strings, at = {}, 1
  while true do
    local from = data:find('"', at, true)
    if not from then
      return strings
    end
    local to = from + 1
    while to <= #data and data:byte(to) ~= 34 do
      to = to + (data:byte(to) == 92 and 2 or 1)
    end
    strings[#strings + 1] = unescape(data:sub(from + 1, to - 1))
    at = to + 1
  end
end

local function is_key(key)
  return #key > 0 and not key:find("[^\32-\126]")
end

--- The keys of a TXT record, in lower case: a value, which may be empty, or true for a key without
--- "=". The first of equal keys counts; a string without a key means nothing. A record that is
--- longer than any packet has none.
---@param data string  text form
---@return table<string, string|true> keys, string[] strings  those that mean something
function txt.parse(data)
  local keys, strings, size = {}, {}, 0
  for _, text in ipairs(txt.strings(data)) do
    size = size + #text + 1
    local key, value = text:match("^([^=]*)=(.*)$")
    key = (key or text):lower()
    if is_key(key) and keys[key] == nil then
      keys[key] = value or true
      strings[#strings + 1] = text
    end
  end
  if size > MAX_BYTES then
    return {}, {}
  end
  return keys, strings
end

return txt
