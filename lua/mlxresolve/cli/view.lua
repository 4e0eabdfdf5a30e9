--- Results of queries for the eye: tables, the tree of tries, and what to say of a failure.

local output = require("mlxresolve.cli.output")

local view = {}

local RESULT_STYLES = {
  answer = "green",
  cached = "green",
  nodata = "yellow",
  nxdomain = "yellow",
  timeout = "red",
  failed = "red",
  error = "red",
  silent = "yellow",
  pass = "dim",
  skipped = "dim",
  cancelled = "dim",
}

local function short(name)
  return #name > 1 and (name:gsub("%.$", "")) or name
end

local function note_of(result)
  local note = result.stale and "stale" or result.cached and "cached" or nil
  if result.suspect then
    return note and note .. ", suspect" or "suspect"
  end
  return note
end

local function show_addresses(out, result)
  local rows = {}
  for i, entry in ipairs(result.addresses) do
    -- On a terminal what repeats is left out; in a pipe every line is complete.
    local is_repeated = out.is_pretty and i > 1
    rows[i] = {
      is_repeated and "" or short(result.name),
      entry.address,
      entry.interface or "-",
      entry.strategy or "-",
      is_repeated and "" or out:ms(result.ms),
      out:seconds(entry.ttl),
      not is_repeated and note_of(result) or nil,
    }
  end
  out:columns(rows, {
    header = out.is_pretty and { "NAME", "ADDRESS", "INTERFACE", "STRATEGY", "TIME", "TTL" } or nil,
    style = output.by_column { "bold", "green", nil, "cyan", nil, nil, "yellow" },
  })
end

local function show_records(out, result)
  local rows = {}
  for _, record in ipairs(result.records) do
    rows[#rows + 1] = {
      short(record.name),
      record.type,
      record.data,
      out:ms(result.ms),
      out:seconds(record.ttl),
      note_of(result),
    }
  end
  out:columns(rows, {
    header = out.is_pretty and { "NAME", "TYPE", "DATA", "TIME", "TTL" } or nil,
    style = output.by_column { "bold", "cyan", "green", nil, nil, "yellow" },
  })
end

--- Every try: a tree on a terminal, indented lines in a pipe.
local function show_trace(out, result)
  local rows = {}
  local has_types = result.type:find("+", 1, true) ~= nil
  for i, try in ipairs(result.trace) do
    local took = try.result == "skipped" and "-" or out:ms(try.ms)
    rows[i] = { try.strategy or "-", try.result, took, try.detail or "" }
    if has_types then
      table.insert(rows[i], 1, try.type or "")
    end
  end
  local first = has_types and 1 or 0 -- the column before the strategy's
  out:columns(rows, {
    right = { [first + 3] = true },
    style = function(row, column)
      if column == first + 2 then
        return RESULT_STYLES[result.trace[row].result]
      end
      return column ~= first + 1 and "dim" or nil
    end,
    prefix = function(row)
      return out.is_pretty and out:style("dim", row == #rows and "└─ " or "├─ ") or "  "
    end,
  })
end

--- What a result that is no answer means, in words.
---@param result table  as `control.result` describes it
---@return string
function view.failure(result)
  local name = short(result.name)
  if result.status == "nxdomain" then
    return ("%s: no such name"):format(name)
  elseif result.status == "nodata" then
    local types = result.type:gsub("%+", " or ")
    return ("%s: the name exists, but has no %s record"):format(name, types)
  elseif result.status == "timeout" then
    return ("%s: no answer in time: %s"):format(name, result.error or "nobody answered")
  end
  return ("%s: no answer: %s"):format(name, result.error or "every strategy failed")
end

--- Shows one result.
---@param out mlxresolve.Output
---@param result table
---@param wants_trace boolean
function view.show(out, result, wants_trace)
  if out.is_json then
    return out:object(result)
  end
  if result.status == "answer" then
    if #result.addresses > 0 then
      show_addresses(out, result)
    else
      show_records(out, result)
    end
  end
  if wants_trace and result.trace then
    show_trace(out, result)
  end
  if result.status ~= "answer" then
    local hint = wants_trace and "" or "  (--trace shows every try)"
    out:problem("%s", view.failure(result) .. hint)
  end
end

return view
