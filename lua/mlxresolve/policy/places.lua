--- Where things stand in a policy's source: walks the tokens, finds every table constructor
--- and call with the places of their keys, items and arguments, and marks them in the text,
--- so that each table and each builder call knows its own place when the policy runs. Line
--- numbers stay as they are. (The debug library cannot tell: a returned call is a tail
--- call, and a table has no place at all.)
---
--- Inside functions only what stands in a builder's arguments is marked: the bodies of
--- strategies run for every query and stay as they were written.
local unit = require("mlxresolve.policy.unit")

local places = {}

--- The names that marked source calls; the policy's environment provides them.
places.table_mark = "__mlx_table"
places.call_mark = "__mlx_call"

---@class mlxresolve.Site   a table constructor or a call in the source
---@field place mlxresolve.Place
---@field first integer     offset of its first byte
---@field last integer      offset of its last byte
---@field callee string?    of a call, as written
---@field keys table<any, { key: mlxresolve.Place, value: mlxresolve.Place }>

local builders = { use = true, race = true, policy = true, include = true }
local block_openers = { ["function"] = true, ["if"] = true, ["do"] = true, ["repeat"] = true }
local block_closers = { ["end"] = true, ["until"] = true }
local closers = { ["}"] = true, [")"] = true, ["]"] = true }

local function ends_prefix(token)
  return token ~= nil
    and (
      token.kind == "name"
      or token.kind == "string"
      or token.text == ")"
      or token.text == "]"
      or token.text == "}"
    )
end

-- The first token of `a.b.c` that ends at token i, or nothing when the callee is not a
-- plain chain of names (a method, a call's result, a function's parameter list).
local function chain_start(list, i)
  if list[i].kind ~= "name" then
    return nil
  end
  while list[i - 1] and list[i - 1].text == "." do
    if not list[i - 2] or list[i - 2].kind ~= "name" then
      return nil
    end
    i = i - 2
  end
  local before = list[i - 1]
  if before and (before.text == "function" or before.text == ":" or before.text == ".") then
    return nil
  end
  return i
end

-- `local u = mlx.use` makes u a builder, too.
local function find_aliases(list)
  local aliases = {}
  for i = 2, #list - 3 do
    if list[i].text == "=" and list[i - 1].kind == "name" then
      local last = i + 1
      while list[last + 1].text == "." and list[last + 2] do
        last = last + 2
      end
      local after = list[last + 1]
      local is_call = after.text == "(" or after.text == "{" or after.kind == "string"
      if builders[list[last].text] and not is_call then
        aliases[list[i - 1].text] = true
      end
    end
  end
  return aliases
end

local Walk = {}
Walk.__index = Walk

function Walk:mark(offset, is_close, text)
  self.marks[#self.marks + 1] =
    { offset = offset, is_close = is_close, text = text, order = #self.marks }
end

function Walk:new_site(first, callee)
  local site =
    { place = unit.place(self.unit, first), first = first.first, callee = callee, keys = {} }
  self.sites[#self.sites + 1] = site
  return site, #self.sites
end

-- A field or argument begins at the next token.
local function begin_item(frame, i)
  frame.item, frame.item_key, frame.item_value = i, nil, nil
end

function Walk:end_item(frame, i)
  local first = frame.item
  if not frame.site or not first or first >= i then
    return
  end
  local key, value_first = frame.item_key, frame.item_value or first
  if key == nil then
    frame.count = frame.count + 1
    key = frame.count
  end
  local value = unit.place(self.unit, self.list[value_first], self.list[i - 1])
  local named = frame.item_key ~= nil and unit.place(self.unit, self.list[frame.item_at]) or value
  frame.site.keys[key] = { key = named, value = value }
end

-- `name =` or `["name"] =` at the beginning of a field.
function Walk:read_key(frame, i)
  local list = self.list
  if list[i].kind == "name" and list[i + 1].text == "=" then
    frame.item_key, frame.item_at, frame.item_value = list[i].text, i, i + 2
  elseif list[i].text == "[" and list[i + 2].text == "]" and list[i + 3].text == "=" then
    -- An unknown key must not count as an item: its place is kept under the token.
    local value = list[i + 1].value
    frame.item_key = value ~= nil and value or list[i + 1]
    frame.item_at, frame.item_value = i + 1, i + 4
  elseif list[i].text == "[" then
    frame.item_key, frame.item_at, frame.item_value = list[i], i, i
  end
end

function Walk:push(frame, i)
  frame.count = 0
  self.stack[#self.stack + 1] = frame
  begin_item(frame, i + 1)
  if frame.text == "{" and self.list[i + 1].text ~= "}" then
    self:read_key(frame, i + 1)
  end
end

-- Are we where tables are marked: outside of functions, or in a builder's arguments?
function Walk:is_marked()
  for i = #self.stack, 1, -1 do
    local frame = self.stack[i]
    if frame.is_builder then
      return true
    elseif frame.text == "function" then
      return false
    end
  end
  return true
end

-- Marks `callee` before the arguments that begin at token i; returns the call's site.
function Walk:open_call(i)
  local first = ends_prefix(self.list[i - 1]) and chain_start(self.list, i - 1)
  if not first then
    return nil, false
  end
  local name = self.list[i - 1].text
  local is_builder = builders[name] or self.aliases[name] or false
  if not is_builder and not self:is_marked() then
    return nil, false
  end
  local from, to = self.list[first], self.list[i - 1]
  local site, number = self:new_site(from, self.unit.text:sub(from.first, to.last))
  site.place = unit.place(self.unit, from, to)
  self:mark(from.first, false, ("%s(%d,"):format(places.call_mark, number))
  self:mark(to.last + 1, true, ")")
  return site, is_builder
end

function Walk:open_brace(i)
  local token = self.list[i]
  local is_argument = ends_prefix(self.list[i - 1])
  local call, is_builder
  if is_argument then
    call, is_builder = self:open_call(i)
  end
  local frame = { text = "{", call = call, is_builder = is_builder, first = i }
  if is_builder or self:is_marked() then
    local number
    frame.site, number = self:new_site(token)
    frame.closing = is_argument and "))" or ")"
    local opening = ("%s(%d,"):format(places.table_mark, number)
    if is_argument then
      -- Beside its callee: at the beginning of a line the bracket would be ambiguous.
      self:mark(self.list[i - 1].last + 1, false, "(" .. opening)
    else
      self:mark(token.first, false, opening)
    end
  end
  self:push(frame, i)
end

function Walk:close(i)
  local frame = table.remove(self.stack)
  if not frame then
    return
  end
  self:end_item(frame, i)
  local last = self.list[i].last
  if frame.closing then
    self:mark(last + 1, true, frame.closing)
    frame.site.last = last
  end
  if frame.call and frame.text == "{" then
    frame.call.keys[1] = { key = frame.site.place, value = frame.site.place }
  end
end

function Walk:step(i)
  local token = self.list[i]
  local text = token.kind ~= "string" and token.text or nil
  local top = self.stack[#self.stack]
  if text == "{" then
    self:open_brace(i)
  elseif text == "(" then
    local site, is_builder = self:open_call(i)
    self:push({ text = "(", site = site, is_builder = is_builder }, i)
  elseif text == "[" or block_openers[text] then
    self:push({ text = text }, i)
  elseif closers[text] or block_closers[text] then
    self:close(i)
  elseif top and top.site and (text == "," or text == ";") then
    self:end_item(top, i)
    begin_item(top, i + 1)
    if top.text == "{" and self.list[i + 1].text ~= "}" then
      self:read_key(top, i + 1)
    end
  elseif token.kind == "string" and ends_prefix(self.list[i - 1]) then
    local site = self:open_call(i)
    if site then
      local place = unit.place(self.unit, token)
      site.keys[1] = { key = place, value = place }
    end
  end
end

local function apply(text, marks)
  table.sort(marks, function(a, b)
    if a.offset ~= b.offset then
      return a.offset < b.offset
    elseif a.is_close ~= b.is_close then
      return a.is_close
    end
    return a.order < b.order
  end)
  local parts, from = {}, 1
  for _, mark in ipairs(marks) do
    parts[#parts + 1] = text:sub(from, mark.offset - 1)
    parts[#parts + 1] = mark.text
    from = mark.offset
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

--- The marked source of a unit that compiles, and the sites that its marks number.
---@param source mlxresolve.Unit
---@return string source, mlxresolve.Site[] sites
function places.mark(source)
  local list = source.tokens
  local walk = setmetatable({
    unit = source,
    list = list,
    aliases = find_aliases(list),
    stack = {},
    marks = {},
    sites = {},
  }, Walk)
  for i = 1, #list - 1 do
    walk:step(i)
  end
  return apply(source.text, walk.marks), walk.sites
end

return places
