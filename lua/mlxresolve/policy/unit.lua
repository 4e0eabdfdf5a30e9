--- One source file of a policy: its text, its tokens, and places in it.
local tokens = require("mlxresolve.policy.tokens")

local unit = {}

---@class mlxresolve.Unit
---@field path string
---@field text string
---@field shown string   the text as written, for reports
---@field tokens mlxresolve.Token[]

---@class mlxresolve.Place
---@field unit mlxresolve.Unit
---@field line integer
---@field column integer
---@field length integer  of what is underlined

--- The place of a token, or of all text up to token `to` when that is on the same line.
---@param source mlxresolve.Unit
---@param from mlxresolve.Token
---@param to mlxresolve.Token?
---@return mlxresolve.Place
function unit.place(source, from, to)
  local until_token = to and to.line == from.line and to.last >= from.last and to or from
  local text = source.text:sub(from.first, until_token.last):match("^[^\n]*")
  return { unit = source, line = from.line, column = from.column, length = math.max(1, #text) }
end

local roles = {
  read = function(before, after)
    return before ~= "." and before ~= ":" and after ~= "="
  end,
  write = function(before)
    return before ~= "." and before ~= ":"
  end,
  field = function(before)
    return before == "." or before == ":" or before == "["
  end,
}

-- How well a token fits: its distance in lines, and half a line more in another role.
local function misfit(list, i, line, role)
  local before, after = list[i - 1] and list[i - 1].text, list[i + 1] and list[i + 1].text
  local is_fitting = role == nil or roles[role](before, after)
  return math.abs(list[i].line - line) + (is_fitting and 0 or 0.5)
end

--- The place of the name (or string) `name` on or near `line`: its first use there, if possible
--- as a variable that is read or written, or as a field.
---@param source mlxresolve.Unit
---@param line integer
---@param name string
---@param role "read"|"write"|"field"|nil
---@return mlxresolve.Place
function unit.near(source, line, name, role)
  local best, least
  for i, token in ipairs(source.tokens) do
    if token.text == name or (token.value == name and token.kind == "string") then
      local distance = misfit(source.tokens, i, line, role)
      if not best or distance < least then
        best, least = token, distance
      end
    end
  end
  return best and unit.place(source, best) or unit.line(source, line)
end

--- The place of a whole line: its first token.
---@param source mlxresolve.Unit
---@param line integer
---@return mlxresolve.Place
function unit.line(source, line)
  local first, last
  for _, token in ipairs(source.tokens) do
    if token.line == line and token.kind ~= "eof" then
      first, last = first or token, token
    end
  end
  if first then
    return unit.place(source, first, last)
  end
  return { unit = source, line = line, column = 1, length = 1 }
end

--- Source text as a unit; a byte order mark or a #! line is blanked first.
---@param path string
---@param text string
---@param original mlxresolve.Unit?  that the text was made from
---@return mlxresolve.Unit
function unit.new(path, text, original)
  text = text:gsub("^\239\187\191", ""):gsub("^#!?", "--")
  local shown = original and original.shown or text
  return { path = path, text = text, shown = shown, tokens = tokens.scan(text) }
end

return unit
