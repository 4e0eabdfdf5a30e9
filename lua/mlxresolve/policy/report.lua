--- Mistakes in a policy as text: where, what, the line, and a caret under the word.
---
---   policy.lua:6:7: error: mdns: unknown option 'tiemout' (did you mean 'timeout'?)
---        6 |       tiemout = "800ms",
---          |       ^~~~~~~
local report = {}

---@class mlxresolve.Mistake
---@field file string
---@field line integer|false    false: somewhere in the file
---@field column integer|false
---@field length integer
---@field text string
---@field source string|false   the line

local function line_of(unit, number)
  local at = 0
  for text in (unit.shown .. "\n"):gmatch("(.-)\r?\n") do
    at = at + 1
    if at == number then
      return text
    end
  end
  return ""
end

--- A mistake at a place. A place without a unit knows its file and, at best, its line.
---@param place mlxresolve.Place|{ file: string, line: integer? }
---@param text string
---@return mlxresolve.Mistake
function report.mistake(place, text)
  if not place.unit then
    local line = place.line or false
    return {
      file = place.file,
      line = line,
      column = false,
      length = 0,
      text = text,
      source = false,
    }
  end
  return {
    file = place.unit.path,
    line = place.line,
    column = place.column,
    length = place.length,
    text = text,
    source = line_of(place.unit, place.line),
  }
end

-- Spaces as wide as the text before the caret: tabs stay, continuation bytes have no width.
local function blank(text)
  return (text:gsub("[\128-\191]", ""):gsub("[^\t]", " "))
end

local function width(text)
  return #text:gsub("[\128-\191]", "")
end

local function format_one(mistake)
  if not mistake.column then
    local where = mistake.line and mistake.file .. ":" .. mistake.line or mistake.file
    return ("%s: error: %s"):format(where, mistake.text)
  end
  local before = mistake.source:sub(1, mistake.column - 1)
  local marked = mistake.source:sub(mistake.column, mistake.column + mistake.length - 1)
  return ("%s:%d:%d: error: %s\n%6d | %s\n       | %s^%s"):format(
    mistake.file,
    mistake.line,
    mistake.column,
    mistake.text,
    mistake.line,
    mistake.source,
    blank(before),
    ("~"):rep(math.max(0, width(marked) - 1))
  )
end

local function is_before(a, b)
  if a.file ~= b.file then
    return a.file < b.file
  elseif a.line ~= b.line then
    return (a.line or 0) < (b.line or 0)
  elseif a.column ~= b.column then
    return (a.column or 0) < (b.column or 0)
  end
  return a.text < b.text
end

--- Puts mistakes in the order of the source and drops repetitions (a loop makes the same one
--- again and again); the list can be turned into its report with tostring.
---@param mistakes mlxresolve.Mistake[]
---@return mlxresolve.Mistake[]
function report.sort(mistakes)
  table.sort(mistakes, is_before)
  local list, last = {}, nil
  for _, mistake in ipairs(mistakes) do
    if not last or is_before(last, mistake) then
      list[#list + 1] = mistake
      last = mistake
    end
  end
  return setmetatable(list, { __name = "mlxresolve.mistakes", __tostring = report.format })
end

--- The whole report, ending with "N errors".
---@param mistakes mlxresolve.Mistake[]
---@return string
function report.format(mistakes)
  local parts = {}
  for i, mistake in ipairs(mistakes) do
    parts[i] = format_one(mistake)
  end
  parts[#parts + 1] = #mistakes == 1 and "1 error" or #mistakes .. " errors"
  return table.concat(parts, "\n")
end

return report
