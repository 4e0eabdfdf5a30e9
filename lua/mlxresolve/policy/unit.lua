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

--- The place of the name `name` on or near `line`: its first use there.
---@param source mlxresolve.Unit
---@param line integer
---@param name string
---@return mlxresolve.Place
function unit.near(source, line, name)
  local best
  for _, token in ipairs(source.tokens) do
    local is_nearer = not best or math.abs(token.line - line) < math.abs(best.line - line)
    if token.text == name and is_nearer then
      best = token
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
