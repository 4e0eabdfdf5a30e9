--- `mlxresolve browse [TYPE]`: the services on the attached links, live. Needs no daemon.

local engines = require("mlxresolve.mdns.engine")
local runtime = require("mlxresolve.cli.runtime")

local browse = {}

-- How long --once waits for more, ms: three questions were asked by the end of it.
local SILENCE = 1000

local SIGNS = { added = "+", changed = "~", suspect = "?", gone = "-" }
local STYLES = { added = "green", changed = "yellow", suspect = "yellow", gone = "red" }

local function plain_host(host)
  return host and host:gsub("%.$", "")
end

---------------------------------------------------------------- lines

local function where(service)
  return service.host and ("%s:%d"):format(plain_host(service.host), service.port) or "-"
end

local function name_of(service, shows_type)
  return shows_type and service.instance .. "." .. service.type or service.instance
end

local function show_line(out, service, shows_type)
  local cells = { SIGNS[service.kind] .. " " .. name_of(service, shows_type) }
  if service.kind == "gone" or service.kind == "suspect" then
    cells[1] = ("%s %s (%s)"):format(cells[1], service.kind, service.reason or "unknown")
  else
    cells[2], cells[3] = service.interface, where(service)
    cells[4] = service.addresses[1] and table.concat(service.addresses, " ") or "-"
    cells[5] = service.texts[1] and table.concat(service.texts, " ") or nil
  end
  out:columns({ cells }, {
    style = function(_, column)
      return column == 1 and STYLES[service.kind] or nil
    end,
  })
end

---------------------------------------------------------------- JSON

local function is_utf8(text)
  local rest = text
    :gsub("[%z\1-\127]", "")
    :gsub("[\194-\223][\128-\191]", "")
    :gsub("[\224-\239][\128-\191][\128-\191]", "")
    :gsub("[\240-\244][\128-\191][\128-\191][\128-\191]", "")
  return rest == ""
end

-- Values of TXT keys may be any bytes; JSON is UTF-8.
local function as_text(value)
  if value == true or is_utf8(value) then
    return value
  end
  return (value:gsub("[\128-\255]", function(char)
    return ("\\%03d"):format(char:byte())
  end))
end

local function as_object(service)
  local txt = {}
  for key, value in pairs(service.txt) do
    txt[key] = as_text(value)
  end
  return {
    event = service.kind,
    instance = as_text(service.instance),
    name = service.name,
    type = service.type,
    domain = service.domain,
    host = service.host,
    port = service.port,
    addresses = service.addresses,
    interface = service.interface,
    txt = txt,
    reason = service.reason,
  }
end

---------------------------------------------------------------- the command

--- Browses in a task, for ever or until nothing new has come for a while.
local function follow(cli, scheduler, engine, args)
  local count, last = 0, scheduler:now()
  local handle, message, code = engine:browse(args.type, function(service)
    count, last = count + 1, scheduler:now()
    if cli.out.is_json then
      cli.out:object(as_object(service))
    else
      show_line(cli.out, service, not args.type)
    end
  end, { interfaces = args.interfaces })
  if not handle then
    return nil, message, code
  end
  repeat
    local left = args.once and last + SILENCE - scheduler:now() or math.huge
    scheduler:sleep(math.min(math.max(left, 0), 60e3))
  until args.once and scheduler:now() >= last + SILENCE
  handle:close()
  return count
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function browse.run(cli, args)
  local count, message, code = cli:run(function(scheduler)
    local engine = engines.new { world = cli.world, scheduler = scheduler, is_private = true }
    local found, problem, problem_code = follow(cli, scheduler, engine, args)
    engine:close()
    return found, problem, problem_code
  end)
  if count then
    return count > 0 and runtime.OK or runtime.NO_ANSWER
  elseif code == "EINTR" then
    return runtime.INTERRUPTED
  end
  cli.out:problem("%s", message)
  return runtime.USAGE
end

return browse
