--- Makes a source with syntax errors compile, so that its other mistakes can be found in the
--- same run: what does not parse is covered by an unknown value, a missing bracket is added.
--- Lines keep their numbers, and columns stay true up to an added bracket.
local sandbox = require("mlxresolve.sandbox")
local unit = require("mlxresolve.policy.unit")

local repair = {}

--- One byte that LuaJIT takes for a name and nobody writes: its value is unknown.
repair.unknown = "\255"

-- More errors than this are no slips.
local rounds = 20

local opening = { ["("] = ")", ["{"] = "}", ["["] = "]" }
local closing = { [")"] = true, ["}"] = true, ["]"] = true }

local function compile(source, last)
  local text = last and source.text:sub(1, last) or source.text
  return sandbox.load(text, "@" .. source.path, {})
end

-- "p.lua:3: '}' expected near 'x'": the line, and the rest.
local function parse(message)
  local line, text = message:match(":(%d+): (.*)$")
  return tonumber(line) or 1, text or message
end

-- The token that the compiler stumbled over: text that ends before it is incomplete only.
local function stumble(source, line)
  for i, token in ipairs(source.tokens) do
    if token.kind ~= "eof" and token.line == line then
      local fn, message = compile(source, token.last)
      if not fn and not message:find("near '<eof>'$") then
        return i
      end
    elseif token.line > line then
      break
    end
  end
  return #source.tokens
end

--- The first syntax error of a source: its message and place; nothing when there is none.
---@param source mlxresolve.Unit
---@return string|nil text, mlxresolve.Place? place, integer? token
function repair.first_error(source)
  local fn, message = compile(source)
  if fn then
    return nil
  end
  local line, text = parse(message)
  local at = stumble(source, line)
  local shown = source.tokens[at].kind == "eof" and source.tokens[at - 1] or source.tokens[at]
  return text, unit.place(source, shown), at
end

-- Indexes of the brackets that are open before token `at`, the innermost last.
local function open_brackets(list, at)
  local stack = {}
  for i = 1, at - 1 do
    local text = list[i].kind == "op" and list[i].text
    if opening[text] then
      stack[#stack + 1] = i
    elseif closing[text] then
      stack[#stack] = nil
    end
  end
  return stack
end

-- The item of the bracket at `open` that holds token `at`: from its first to its last token.
local function item_around(list, open, at)
  local first, depth = open + 1, 0
  for i = open + 1, #list do
    local text = list[i].kind == "op" and list[i].text
    local ends_item = depth == 0 and (text == "," or text == ";" or closing[text])
    if (ends_item and i >= at) or list[i].kind == "eof" then
      return first, i - 1
    elseif ends_item then
      first = i + 1
    elseif opening[text] then
      depth = depth + 1
    elseif closing[text] then
      depth = depth - 1
    end
  end
end

local function covered(text, from, to)
  local inside = text:sub(from, to):gsub("[^\n]", " ")
  return text:sub(1, from - 1) .. repair.unknown .. inside:sub(2) .. text:sub(to + 1)
end

local function cover_item(source, open, at)
  local list = source.tokens
  local first, last = item_around(list, open, at)
  if first and first <= last then
    return covered(source.text, list[first].first, list[last].last)
  end
end

local function insert(source, after, text)
  local offset = source.tokens[after].last
  return source.text:sub(1, offset) .. text .. source.text:sub(offset + 1)
end

-- The bracket is closed after the last token of its line, before a comma.
local function close_line(source, open)
  local list, last = source.tokens, open
  while list[last + 1].line == list[open].line and list[last + 1].kind ~= "eof" do
    last = last + 1
  end
  if last > open and (list[last].text == "," or list[last].text == ";") then
    last = last - 1
  end
  return insert(source, last, opening[list[open].text])
end

-- `local x = <nonsense>` on one line, outside of brackets: x is unknown.
local function cover_local(source, at)
  local list, line = source.tokens, source.tokens[at].line
  for i = 1, at do
    local is_local = list[i].line == line and list[i].text == "local" and list[i + 1].kind == "name"
    if is_local and list[i + 2].text == "=" then
      local last = i + 2
      while list[last + 1].line == line and list[last + 1].kind ~= "eof" do
        last = last + 1
      end
      return last > i + 2 and covered(source.text, list[i + 3].first, list[last].last) or nil
    end
  end
end

-- Ways to mend, the one that loses least first.
local function mends(source, at)
  local list = source.tokens
  local stack, found = open_brackets(list, at), {}
  for depth = #stack, 1, -1 do
    local open = stack[depth]
    if closing[list[at].text] and opening[list[open].text] ~= list[at].text then
      found[#found + 1] = insert(source, at - 1, opening[list[open].text])
    end
    if list[open].line ~= list[at].line and list[open].text == "(" then
      found[#found + 1] = close_line(source, open)
    end
    found[#found + 1] = cover_item(source, open, at)
    if list[open].line ~= list[at].line and list[open].text ~= "(" then
      found[#found + 1] = close_line(source, open)
    end
  end
  found[#found + 1] = cover_local(source, at)
  return found
end

-- The first mend after which the compiler comes further, or has another complaint there.
local function mend(source, at, complaint)
  for _, text in ipairs(mends(source, at)) do
    local mended = unit.new(source.path, text)
    local next_complaint, _, next_at = repair.first_error(mended)
    local gained = next_at and mended.tokens[next_at].first - source.tokens[at].first or 1
    if gained > (#text - #source.text) or (gained >= 0 and next_complaint ~= complaint) then
      return mended
    end
  end
end

local function is_same_place(a, b)
  return a and a.line == b.line and a.column == b.column
end

--- The syntax errors of a source and the text that compiles. Without such a text only the first
--- error: the others may be nothing but its echo.
---@param source mlxresolve.Unit
---@return { text: string, place: mlxresolve.Place }[] errors, string|nil text
function repair.mend(source)
  local errors, current = {}, source
  for _ = 1, rounds do
    local text, place, at = repair.first_error(current)
    if not text then
      return errors, current.text
    end
    local last = errors[#errors]
    if not is_same_place(last and last.place, place) then
      place.unit = source
      errors[#errors + 1] = { text = text, place = place }
    end
    current = mend(current, at, text)
    if not current then
      break
    end
  end
  return { errors[1] }
end

return repair
