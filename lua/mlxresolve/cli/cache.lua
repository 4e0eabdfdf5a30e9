--- `mlxresolve cache ls|flush`: what the daemon knows, and making it forget.

local ask = require("mlxresolve.cli.ask")
local client = require("mlxresolve.cli.client")
local runtime = require("mlxresolve.cli.runtime")

local cache = {}

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

local STATUS_STYLES = { answer = "green", nodata = "yellow", nxdomain = "yellow", failure = "red" }

local function show(out, entries)
  local rows = {}
  for i, entry in ipairs(entries) do
    rows[i] = {
      #entry.name > 1 and entry.name:gsub("%.$", "") or entry.name,
      entry.type,
      entry.stale and "stale" or entry.status,
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
  local parameters = {}
  local filter = filter_of(args)
  for _, field in ipairs(FIELDS) do
    if filter[field] then
      parameters[#parameters + 1] = { field, filter[field] }
    end
  end
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

--- The command behind `cache`.
---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function cache.run(cli, args)
  return cache[args.cache_command](cli, args)
end

return cache
