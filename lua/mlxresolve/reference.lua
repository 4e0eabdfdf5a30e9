--- The reference of plugins and policy fields as Markdown tables, made from the plugins
--- themselves: their first comment, the functions that they define, their options.
local option_schema = require("mlxresolve.option_schema")
local option_types = require("mlxresolve.option_types")
local plugins = require("mlxresolve.plugins")
local schema = require("mlxresolve.policy.schema")

local reference = {}

--- The sentences that a plugin's file begins with, up to the first full stop.
---@param text string
---@return string
function reference.summary(text)
  local lines = {}
  for line in text:gmatch("[^\n]*") do
    local comment = line:match("^%-%-%-?%s?(.*)$")
    if not comment and line ~= "" then
      break
    elseif comment then
      lines[#lines + 1] = comment
    end
  end
  local prose = table.concat(lines, " ")
  return prose:match("^(.-%.)%s") or prose:match("^(.-%.)$") or prose
end

local function escape(text)
  return (text:gsub("|", "\\|"))
end

local function kinds_text(plugin)
  local list = {}
  for _, kind in ipairs(plugins.kinds_of(plugin)) do
    if kind.method ~= "open" or #plugins.kinds_of(plugin) == 1 then
      list[#list + 1] = kind.noun:gsub("^an? ", "")
    end
  end
  return table.concat(list, ", ")
end

local function row(cells)
  for i, cell in ipairs(cells) do
    cells[i] = escape(cell)
  end
  return "| " .. table.concat(cells, " | ") .. " |"
end

local function each_plugin(loader, fn)
  for _, name in ipairs(loader:names()) do
    local entry, message = loader:load(name)
    fn(name, entry or error(message, 0))
  end
end

--- A row per plugin that `loader` finds: name, kind, what it does.
---@param loader mlxresolve.Plugins
---@return string
function reference.plugin_table(loader)
  local lines = { "| plugin | kind | what it does |", "|---|---|---|" }
  each_plugin(loader, function(name, entry)
    local about = reference.summary(entry.text)
    lines[#lines + 1] = row { "`" .. name .. "`", kinds_text(entry.plugin), about }
  end)
  return table.concat(lines, "\n") .. "\n"
end

local function option_row(option, ...)
  local is_off = option.default == "false" and option.type ~= "boolean"
  local default = option.default and not is_off and ("`%s`"):format(option.default)
  default = default or (option.required and "required" or "")
  local cells = { ... }
  for _, cell in ipairs { "`" .. option.name .. "`", option.type, default, option.doc } do
    cells[#cells + 1] = cell
  end
  return row(cells)
end

--- A row per option of each of these plugins.
---@param loader mlxresolve.Plugins
---@return string
function reference.plugin_options_table(loader)
  local lines = { "| plugin | option | type | default | what it does |", "|---|---|---|---|---|" }
  each_plugin(loader, function(name, entry)
    for _, option in ipairs(option_schema.describe(entry.plugin.options or {})) do
      lines[#lines + 1] = option_row(option, "`" .. name .. "`")
    end
  end)
  return table.concat(lines, "\n") .. "\n"
end

--- A table of the fields of any schema of options.
---@param fields table
---@return string
function reference.options_table(fields)
  local lines = { "| option | type | default | what it does |", "|---|---|---|---|" }
  for _, option in ipairs(option_schema.describe(fields)) do
    lines[#lines + 1] = option_row(option)
  end
  return table.concat(lines, "\n") .. "\n"
end

--- The options that every strategy takes.
---@return string
function reference.common_table()
  return reference.options_table(schema.common)
end

--- The fields of `mlx.policy`.
---@return string
function reference.policy_table()
  return reference.options_table(schema.policy)
end

--- The fields of `cache` in a policy.
---@return string
function reference.cache_table()
  return reference.options_table(schema.cache)
end

--- The fields of `front` in a policy.
---@return string
function reference.front_table()
  return reference.options_table(schema.front)
end

--- The fields of `network` in a policy.
---@return string
function reference.network_table()
  return reference.options_table(schema.network)
end

--- The types of options that are one value, with what a policy writes for them.
---@return string
function reference.types_table()
  local names, lines = {}, { "| type | what a policy writes |", "|---|---|" }
  for name in pairs(option_types.scalars) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    lines[#lines + 1] = ("| `%s` | %s |"):format(name, option_types.scalars[name].expected)
  end
  return table.concat(lines, "\n") .. "\n"
end

--- Puts the tables between their marks in a Markdown text:
--- `<!-- table: plugins -->` … `<!-- end -->`.
---@param text string
---@param tables table<string, string>
---@return string
function reference.fill(text, tables)
  return (
    text:gsub("(<!%-%- table: (%a+) %-%->\n).-(<!%-%- end %-%->)", function(head, name, tail)
      return head .. (tables[name] or error("no table named " .. name, 0)) .. tail
    end)
  )
end

return reference
