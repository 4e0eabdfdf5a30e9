--- What the command line writes: data on stdout, everything else on stderr.
---
--- On a terminal tables have a header and colours (unless NO_COLOR is set or TERM is "dumb");
--- into a pipe goes plain aligned text; with --json one object a line.

local json = require("mlxresolve.json")
local harmless = require("mlxresolve.words").harmless

local output = {}
local methods = {}
local mt = { __name = "mlxresolve.cli.output", __index = methods }

local EPIPE = 32 -- on every system: the reader has left, as head does

local CODES = { bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36" }

---@class mlxresolve.Output
---@field is_json boolean
---@field is_broken boolean  nobody reads what is written any more
---@field failure string|nil  why it could not be written, where that is not the reader's wish
---@field is_pretty boolean  a person is looking, at a terminal that can do more than letters

---@class mlxresolve.OutputOptions
---@field env fun(name: string): string|nil
---@field is_json boolean
---@field stdout_is_terminal boolean
---@field stderr_is_terminal boolean
---@field write (fun(text: string))?         stdout when absent
---@field write_problem (fun(text: string))? stderr when absent

---@param options mlxresolve.OutputOptions
---@return mlxresolve.Output
function output.new(options)
  local no_color = options.env("NO_COLOR")
  local is_dumb = options.env("TERM") == "dumb"
  local may_color = not is_dumb and (no_color == nil or no_color == "")
  local self = setmetatable({
    is_json = options.is_json == true,
    is_broken = false,
    is_pretty = options.stdout_is_terminal and not is_dumb and not options.is_json,
    colors_out = may_color and options.stdout_is_terminal,
    colors_problems = may_color and options.stderr_is_terminal,
  }, mt)
  self.write = options.write
    or function(text)
      local ok, message, errno = io.stdout:write(text)
      if ok then
        ok, message, errno = io.stdout:flush()
      end
      self.is_broken = self.is_broken or not ok
      if not ok and errno ~= EPIPE then
        self.failure = self.failure or message
      end
    end
  self.write_problem = options.write_problem or function(text)
    io.stderr:write(text)
  end
  return self
end

--- `text` in a style ("bold", "green", …) where stdout shows colours.
---@param style string|nil
---@param text string
---@return string
function methods:style(style, text)
  if not style or not self.colors_out or text == "" then
    return text
  end
  return ("\27[%sm%s\27[0m"):format(CODES[style], text)
end

---@param text string
function methods:line(text)
  self.write(text .. "\n")
end

---@param value table
function methods:object(value)
  self.write(json.encode(value) .. "\n")
end

--- A line about what went wrong or is worth knowing.
---@param text string
---@param ... any  for string.format
function methods:problem(text, ...)
  local head = self.colors_problems and "\27[1mmlxresolve:\27[0m " or "mlxresolve: "
  if select("#", ...) > 0 then
    text = text:format(...)
  end
  self.write_problem(head .. harmless(text) .. "\n")
end

--- Columns on a terminal: bytes that continue a UTF-8 character have none.
local function width(text)
  return #text - select(2, text:gsub("[\128-\191]", ""))
end

local function widths_of(rows)
  local widths = {}
  for n = rows[0] and 0 or 1, #rows do
    for i, cell in ipairs(rows[n]) do
      widths[i] = math.max(widths[i] or 0, width(harmless(cell)))
    end
  end
  return widths
end

---@class mlxresolve.ColumnOptions
---@field header string[]?
---@field style (fun(row: integer, column: integer): string|nil)?  row 0 is the header
---@field prefix (fun(row: integer): string)?
---@field right table<integer, boolean>?  columns that are set to the right

local function no_prefix()
  return ""
end

local function header_style(row)
  return row == 0 and "dim" or nil
end

--- Prints aligned rows.
---@param rows string[][]
---@param options mlxresolve.ColumnOptions?
function methods:columns(rows, options)
  options = options or {}
  local style, prefix = options.style or header_style, options.prefix or no_prefix
  local right = options.right or {}
  local all = { [0] = options.header, unpack(rows) }
  local widths = widths_of(all)
  for n = options.header and 0 or 1, #rows do
    local cells = {}
    for i, cell in ipairs(all[n]) do
      local text = harmless(cell)
      local pad = (" "):rep(widths[i] - width(text))
      text = self:style(style(n, i), text)
      if right[i] then
        cells[i] = pad .. text
      else
        cells[i] = i < #all[n] and text .. pad or text
      end
    end
    self:line(prefix(n) .. (table.concat(cells, "  "):gsub(" +$", "")))
  end
end

--- A style for each column, and a dim header.
---@param styles table<integer, string>
---@return fun(row: integer, column: integer): string|nil
function output.by_column(styles)
  return function(row, column)
    return row == 0 and "dim" or styles[column]
  end
end

--- A duration for people ("1.3 ms", "2.1 s") or, in a pipe, for programs too ("1.3ms").
---@param ms number
---@return string
function methods:ms(ms)
  local gap = self.is_pretty and " " or ""
  if ms >= 9999.5 then
    return ("%.1f%ss"):format(ms / 1000, gap)
  elseif ms >= 99.95 then
    return ("%.0f%sms"):format(ms, gap)
  end
  return ("%.1f%sms"):format(ms, gap)
end

--- A time to live or an age, in seconds.
---@param seconds number
---@return string
function methods:seconds(seconds)
  return ("%d%ss"):format(seconds, self.is_pretty and " " or "")
end

return output
