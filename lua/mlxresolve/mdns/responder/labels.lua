--- Labels of names that are published, and what they become when somebody else has them.

local core = require("mlxresolve.core")

local labels = {}

local MAX = 63

--- Cuts to so many bytes, never inside a UTF-8 character.
local function cut(text, bytes)
  if #text <= bytes then
    return text
  end
  while bytes > 0 and text:byte(bytes + 1) >= 0x80 and text:byte(bytes + 1) < 0xc0 do
    bytes = bytes - 1
  end
  return text:sub(1, bytes)
end

--- The text of a label in a name: dots and odd bytes escaped, with its final dot.
---@param label string  1 to 63 bytes, UTF-8
---@return string
function labels.text(label)
  return assert(core.name.from_wire(string.char(#label) .. label .. "\0"))
end

---@param label any
---@return boolean
function labels.is_good(label)
  return type(label) == "string" and #label >= 1 and #label <= MAX
end

--- "mini2" becomes "mini2-2", that "mini2-3".
---@param label string
---@return string
function labels.next_host(label)
  local stem, number = label:match("^(.+)%-(%d+)$")
  -- "mini-12345678" has a serial number, not a count of ours
  if not stem or #number > 4 or number:find("^0") or number == "1" then
    stem, number = label, "1"
  end
  local suffix = ("-%d"):format(tonumber(number) + 1)
  return cut(stem, MAX - #suffix) .. suffix
end

--- "Worker" becomes "Worker (2)", that "Worker (3)" (RFC 6763 appendix D).
---@param label string
---@return string
function labels.next_instance(label)
  local stem, number = label:match("^(.+) %((%d+)%)$")
  if not stem or #number > 4 then
    stem, number = label, "1"
  end
  local suffix = (" (%d)"):format(tonumber(number) + 1)
  return cut(stem, MAX - #suffix) .. suffix
end

return labels
