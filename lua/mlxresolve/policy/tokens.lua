--- Cuts Lua source into tokens with their places. Total: any text gives tokens, so that a
--- place can be found in a file that does not compile, too.
local tokens = {}

---@class mlxresolve.Token
---@field kind "name"|"keyword"|"string"|"number"|"op"|"eof"
---@field text string     as written
---@field value any       of a short string without escapes, or of a number
---@field first integer   offset of the first byte
---@field last integer    offset of the last byte
---@field line integer
---@field column integer  in bytes, from 1

local keywords = {}
for word in
  ([[and break do else elseif end false for function goto if in local nil not or repeat
  return then true until while]]):gmatch("%a+")
do
  keywords[word] = true
end

-- Longest first.
local operators = { "...", "..", "==", "~=", "<=", ">=", "::" }

local function long_bracket_end(source, at)
  local level = source:match("^%[(=*)%[", at)
  if not level then
    return nil
  end
  local _, last = source:find("]" .. level .. "]", at, true)
  return last or #source
end

local function short_string_end(source, at)
  local quote = source:sub(at, at)
  local i = at + 1
  while i <= #source do
    local char = source:sub(i, i)
    if char == quote then
      return i
    elseif char == "\\" then
      -- \z also swallows line ends; the white space after it is plain text to us.
      i = source:match("^\\z%s*()", i) or i + 2
    elseif char == "\n" then
      return i - 1
    else
      i = i + 1
    end
  end
  return #source
end

local function number_end(source, at)
  local sign_after = source:find("^0[xX]", at) and "[pP]" or "[eE]"
  local i = at
  while source:find("^[%w_%.]", i) do
    if source:find("^" .. sign_after .. "[+-]", i) then
      i = i + 1
    end
    i = i + 1
  end
  return i - 1
end

local function skip_blank(source, at)
  while true do
    at = source:match("^%s*()", at)
    if source:sub(at, at + 1) ~= "--" then
      return at
    end
    at = (long_bracket_end(source, at + 2) or (source:find("\n", at, true) or #source + 1) - 1) + 1
  end
end

local function operator_end(source, at)
  for _, operator in ipairs(operators) do
    if source:sub(at, at + #operator - 1) == operator then
      return at + #operator - 1
    end
  end
  return at
end

local function cut(source, at)
  if source:find("^[%a_\128-\255]", at) then
    local last = source:match("^[%w_\128-\255]+()", at) - 1
    return keywords[source:sub(at, last)] and "keyword" or "name", last
  elseif source:find("^%.?%d", at) then
    return "number", number_end(source, at)
  elseif source:find("^[\"']", at) then
    return "string", short_string_end(source, at)
  end
  local last = long_bracket_end(source, at)
  if last then
    return "string", last
  end
  return "op", operator_end(source, at)
end

local function value_of(kind, text)
  if kind == "number" then
    return tonumber(text)
  elseif kind == "string" and not text:find("\\", 1, true) then
    return text:match("^[\"'](.*)[\"']$")
  end
end

--- The offset of the first byte of each line.
---@param source string
---@return integer[]
function tokens.line_starts(source)
  local starts = { 1 }
  for after in source:gmatch("\n()") do
    starts[#starts + 1] = after
  end
  return starts
end

--- All tokens, the last one of kind "eof".
---@param source string
---@return mlxresolve.Token[]
function tokens.scan(source)
  local list, starts, line = {}, tokens.line_starts(source), 1
  local at = skip_blank(source, 1)
  while true do
    while starts[line + 1] and starts[line + 1] <= at do
      line = line + 1
    end
    local token = { line = line, column = at - starts[line] + 1, first = at }
    list[#list + 1] = token
    if at > #source then
      token.kind, token.text, token.last = "eof", "", at - 1
      return list
    end
    token.kind, token.last = cut(source, at)
    token.text = source:sub(at, token.last)
    token.value = value_of(token.kind, token.text)
    at = skip_blank(source, token.last + 1)
  end
end

return tokens
