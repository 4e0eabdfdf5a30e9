--- Reads the files in lua/meta: classes with their fields and functions, as data that documents
--- are made from and modules are compared with.

local meta = {}

local function new_class()
  return { fields = {}, functions = {}, list = {} }
end

local function class_of(classes, name)
  classes[name] = classes[name] or new_class()
  return classes[name]
end

--- "string|nil  the scope": two blanks stand between a type and what is said of it.
local function split_type(text)
  local kind, doc = text:match("^(.-)%s%s+(.*)$")
  return kind or text, doc or ""
end

--- Fields may go on in the next line: "---  and further words".
local function read_field(class, line)
  local name, rest = line:match("^%-%-%-@field (%S+) (.*)$")
  local kind, doc = split_type(rest)
  local field = { name = name:gsub("%?$", ""), type = kind, doc = doc }
  class.fields[field.name] = field
  class.list[#class.list + 1] = field
  return field
end

local function read_function(classes, line, doc, returns)
  local owner, separator, name, parameters =
    line:match("^function ([%w_.]-)([.:])([%w_]+)%(([^)]*)%) end$")
  local class = class_of(classes, owner)
  local entry = {
    name = name,
    is_method = separator == ":",
    parameters = parameters,
    doc = table.concat(doc, " "),
    returns = table.concat(returns, ", "),
  }
  class.functions[name] = entry
  class.list[#class.list + 1] = entry
end

local function read_file(classes, path)
  local doc, returns, class, field = {}, {}, nil, nil
  for line in io.lines(path) do
    local class_name = line:match("^%-%-%-@class mlxresolve%.(%w+)")
    local more = field and line:match("^%-%-%-%s%s+(.*)$")
    field = more and field
    if more then
      field.doc = field.doc .. " " .. more
    elseif class_name then
      class = class_of(classes, class_name)
      doc, returns = {}, {}
    elseif line:match("^%-%-%-@field") then
      field = read_field(class, line)
    elseif line:match("^%-%-%-@return") then
      returns[#returns + 1] = line:match("^%-%-%-@return (.*)$")
    elseif line:match("^%-%-%- ") then
      doc[#doc + 1] = line:match("^%-%-%- (.*)$")
    elseif line:match("^function ") then
      read_function(classes, line, doc, returns)
      doc, returns = {}, {}
    elseif not line:match("^%-%-%-@") then
      doc, returns = {}, {}
    end
  end
end

--- The classes of an interface by the name of their local, "World", "core.wire"; those without
--- functions by the last word of their class, "Change".
---@param name string  of a file in lua/meta, or of a folder there with several
---@return table<string, { fields: table, functions: table, list: table[] }>
function meta.read(name)
  local classes = {}
  local list = "ls lua/meta/NAME.d.lua lua/meta/NAME/*.d.lua 2>/dev/null"
  local paths = assert(io.popen((list:gsub("NAME", name))))
  for path in paths:lines() do
    read_file(classes, path)
  end
  paths:close()
  return classes
end

local function escape(text)
  return (text:gsub("|", "\\|"))
end

local function short(text)
  text = text:gsub("mlxresolve%.", ""):gsub(",%s*string%? message,%s*string%? code", "\0")
  text = text:gsub("|nil([^|%z]*)%z", function(label)
    return label .. " or nil, message, code"
  end)
  return (text:gsub("%z", ", message, code"))
end

local function row(object, entry)
  local name, kind = entry.name, entry.type or entry.returns
  if entry.parameters then
    local separator = entry.is_method and ":" or "."
    name = ("%s%s%s(%s)"):format(object, separator, name, entry.parameters)
  end
  local cells = { "`" .. name .. "`", escape(short(kind)), escape(entry.doc) }
  return "| " .. table.concat(cells, " | ") .. " |"
end

--- Fields and functions of a class as a Markdown table; `object` is how an object of it is called.
---@param class table
---@param object string
---@return string
function meta.table(class, object)
  local lines = { "| member | type, or what it returns | what it is |", "|---|---|---|" }
  for _, entry in ipairs(class.list) do
    lines[#lines + 1] = row(object, entry)
  end
  return table.concat(lines, "\n") .. "\n"
end

return meta
