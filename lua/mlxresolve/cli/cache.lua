--- `mlxresolve cache ls|flush|dump|load`: what the daemon knows, and making it forget or learn.

local ask = require("mlxresolve.cli.ask")
local client = require("mlxresolve.cli.client")
local json = require("mlxresolve.json")
local runtime = require("mlxresolve.cli.runtime")

local cache = {}

-- The daemon's bound for a request is 64 KiB.
local MOST_BYTES = 48 * 1024

local FIELDS = { "name", "suffix", "type", "interface", "strategy", "older_than" }

--- What the arguments mean; "*.ZONE" is a zone, and everything below it.
local function filter_of(args)
  local zone = args.name and args.name:match("^%*%.(.+)$")
  return {
    name = not zone and args.name or nil,
    suffix = zone,
    type = args.type,
    interface = args.interface,
    strategy = args.strategy,
    older_than = args.older_than,
  }
end

local function parameters_of(args)
  local parameters, filter = {}, filter_of(args)
  for _, field in ipairs(FIELDS) do
    if filter[field] then
      parameters[#parameters + 1] = { field, filter[field] }
    end
  end
  return parameters
end

local STATUS_STYLES = { answer = "green", nodata = "yellow", nxdomain = "yellow", failure = "red" }

local function status_of(entry)
  return entry.stale and "stale"
    or entry.withheld and "withheld"
    or entry.suspect and "suspect"
    or entry.status
end

local function show(out, entries)
  local rows = {}
  for i, entry in ipairs(entries) do
    rows[i] = {
      #entry.name > 1 and entry.name:gsub("%.$", "") or entry.name,
      entry.type,
      status_of(entry),
      out:seconds(entry.ttl),
      out:seconds(entry.age),
      entry.interface or "-",
      entry.strategy or "-",
      table.concat(entry.data, ", "),
    }
  end
  local header = { "NAME", "TYPE", "STATUS", "TTL", "AGE", "INTERFACE", "STRATEGY", "DATA" }
  local styles = { "bold", "cyan", [7] = "cyan", [8] = "green" }
  out:columns(rows, {
    header = out.is_pretty and header or nil,
    right = { [4] = true, [5] = true },
    style = function(row, column)
      if row > 0 and column == 3 then
        return STATUS_STYLES[rows[row][3]] or "yellow"
      end
      return row == 0 and "dim" or styles[column]
    end,
  })
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function cache.ls(cli, args)
  local parameters = parameters_of(args)
  if args.limit then
    parameters[#parameters + 1] = { "limit", args.limit }
  end
  local target = "/v1/cache" .. client.query_string(parameters)
  local value, code = ask.success(cli, args, { target = target })
  if not value then
    return code
  end
  if cli.out.is_json then
    for _, entry in ipairs(value.entries) do
      cli.out:object(entry)
    end
  else
    show(cli.out, value.entries)
  end
  if value.more then
    cli.out:problem("the first %d entries; --limit shows more", #value.entries)
  end
  return runtime.OK
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function cache.flush(cli, args)
  local request = { method = "POST", target = "/v1/cache/flush", body = filter_of(args) }
  local value, code = ask.success(cli, args, request)
  if not value then
    return code
  elseif cli.out.is_json then
    cli.out:object(value)
  else
    local noun = value.flushed == 1 and "entry" or "entries"
    cli.out:line(("%d %s dropped"):format(value.flushed, noun))
  end
  return runtime.OK
end

--- Prints a JSON object for every entry, which `cache load` reads.
---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function cache.dump(cli, args)
  local from = 0
  repeat
    local parameters = parameters_of(args)
    parameters[#parameters + 1] = { "from", ("%.0f"):format(from) }
    local target = "/v1/cache/dump" .. client.query_string(parameters)
    local value, code = ask.success(cli, args, { target = target })
    if not value then
      return code
    end
    for _, entry in ipairs(value.entries) do
      cli.out:object(entry)
    end
    from = value.next
  until not from
  return runtime.OK
end

--- Hands the lines over, as many at a time as a request holds.
local function send(cli, args, lines, totals)
  local entries = {}
  for number, line in ipairs(lines) do
    local entry, message = json.decode(line)
    if type(entry) ~= "table" then
      cli.out:problem("no entry: %s: %s", line:sub(1, 40), message or "expected an object")
      return runtime.USAGE
    end
    entries[number] = entry
  end
  local request = { method = "POST", target = "/v1/cache/load", body = { entries = entries } }
  local value, code = ask.success(cli, args, request)
  if not value then
    return code
  end
  totals.taken = totals.taken + value.taken
  totals.left_out = totals.left_out + value.left_out
  totals.why = totals.why or value.why
end

local function send_all(cli, args, file, totals)
  local lines, size, has_sent = {}, 0, false
  for line in file:lines() do
    if line:match("%S") then
      if size + #line > MOST_BYTES and #lines > 0 then
        local code = send(cli, args, lines, totals)
        if code then
          return code
        end
        lines, size, has_sent = {}, 0, true
      end
      lines[#lines + 1], size = line, size + #line + 2
    end
  end
  -- Nothing is sent too: whether there is a daemon does not hang on what there is to load.
  if #lines > 0 or not has_sent then
    return send(cli, args, lines, totals)
  end
end

-- A folder is opened as a file is, and fails when it is read.
local function open(path)
  local file, message = io.stdin, nil
  if path then
    file, message = io.open(path)
  end
  local _, problem
  if file then
    _, problem = file:read(0)
  end
  if problem then
    return nil, ("%s: %s"):format(path or "standard input", problem)
  end
  return file, message
end

--- Brings back what `cache dump` printed.
---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function cache.load(cli, args)
  local file, message = open(args.file)
  if not file then
    cli.out:problem("%s", message)
    return runtime.USAGE
  end
  local totals = { taken = 0, left_out = 0, why = false }
  local code = send_all(cli, args, file, totals)
  if code then
    return code
  elseif cli.out.is_json then
    cli.out:object(totals)
  else
    cli.out:line(("%d taken, %d left out"):format(totals.taken, totals.left_out))
    if totals.why then
      cli.out:problem("the first that was left out: %s", totals.why)
    end
  end
  return runtime.OK
end

--- The command behind `cache`.
---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function cache.run(cli, args)
  return cache[args.cache_command](cli, args)
end

return cache
