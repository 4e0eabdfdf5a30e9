--- JSON as our programs print it: fields in a fixed order, and empty lists as lists.
---
--- lua-cjson writes {} for every empty table and orders fields by chance. It still does the
--- work on strings and the whole of reading.

local cjson = require("cjson")
local words = require("mlxresolve.words")

local json = {}

local DEPTH = 32

local function set(list)
  local found = {}
  for word in list:gmatch("%S+") do
    found[word] = true
  end
  return found
end

-- Fields that are lists, empty or not.
local LISTS = set([[addresses records trace traces listen strategies interfaces policies mistakes
  rankers reactions observers retries peers entries data names texts watches published services
  links health problems timeline proofs remembered at_restart]])

-- Fields whose false means "there is none", which JSON calls null.
local NULLS = set([[interface strategy detail problem source line column last_error was host port
  reason wanted service type control persistence next why seed replay]])

-- What people look for comes first; the rest follows in alphabetical order.
local ORDER = {}
for name in
  ([[error code event instance version pid policy ok file line column text source control listen
  name type status addresses address family was interface ttl strategy reason result records ms
  cached age stale detail trace]]):gmatch("%S+")
do
  ORDER[#ORDER + 1] = name
  ORDER[name] = #ORDER
end

local function is_before(a, b)
  local first, second = ORDER[a] or #ORDER + 1, ORDER[b] or #ORDER + 1
  if first ~= second then
    return first < second
  end
  return a < b
end

local write

local function write_list(out, list, depth)
  out[#out + 1] = "["
  for i = 1, #list do
    if i > 1 then
      out[#out + 1] = ","
    end
    write(out, list[i], false, depth)
  end
  out[#out + 1] = "]"
end

-- cjson escapes every slash, which is allowed and makes paths hard to read.
local function write_string(out, text)
  out[#out + 1] = cjson.encode(words.utf8(text)):gsub("\\/", "/")
end

local function write_object(out, object, depth)
  local names = {}
  for name in pairs(object) do
    names[#names + 1] = type(name) == "string" and name or error("mixed keys in a JSON object", 0)
  end
  table.sort(names, is_before)
  out[#out + 1] = "{"
  for i, name in ipairs(names) do
    if i > 1 then
      out[#out + 1] = ","
    end
    write_string(out, name)
    out[#out + 1] = ":"
    if object[name] == false and NULLS[name] then
      out[#out + 1] = "null"
    else
      write(out, object[name], LISTS[name], depth)
    end
  end
  out[#out + 1] = "}"
end

local function write_number(out, number)
  local is_finite = number == number and number > -math.huge and number < math.huge
  out[#out + 1] = is_finite and ("%.14g"):format(number) or "null"
end

function write(out, value, is_list, depth)
  local kind = type(value)
  if kind == "table" then
    if depth == 0 then
      error("JSON is nested too deeply", 0)
    elseif is_list or value[1] ~= nil then
      return write_list(out, value, depth - 1)
    end
    return write_object(out, value, depth - 1)
  elseif kind == "string" then
    return write_string(out, value)
  elseif kind == "number" then
    return write_number(out, value)
  elseif kind == "boolean" then
    out[#out + 1] = tostring(value)
  else
    error("JSON cannot hold a " .. kind, 0)
  end
end

--- One line, in UTF-8, without its end. Infinite numbers become null, as does the false of some
--- fields.
---@param value any
---@return string
function json.encode(value)
  local out = {}
  write(out, value, false, DEPTH)
  return table.concat(out)
end

local function without_null(value)
  if value == cjson.null then
    return false
  elseif type(value) == "table" then
    for key, field in pairs(value) do
      value[key] = without_null(field)
    end
  end
  return value
end

--- Reads JSON; null becomes false.
---@param text string
---@return any value, string? message, string? code
function json.decode(text)
  local ok, value = pcall(cjson.decode, text)
  if not ok then
    return nil, "no JSON: " .. tostring(value), "EFORMAT"
  end
  return without_null(value)
end

return json
