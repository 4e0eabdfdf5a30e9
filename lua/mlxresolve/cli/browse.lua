--- `mlxresolve browse [TYPE]`: the services on the attached links, live. A running daemon tells
--- what it knows already; without one the links are asked from here.

local ask = require("mlxresolve.cli.ask")
local client = require("mlxresolve.cli.client")
local engines = require("mlxresolve.mdns.engine")
local events = require("mlxresolve.control.events")
local follow = require("mlxresolve.cli.follow")
local group = require("mlxresolve.group")
local runtime = require("mlxresolve.cli.runtime")
local service_name = require("mlxresolve.mdns.service_name")
local suggest = require("mlxresolve.suggest")

local browse = {}

-- How long --once waits for more, ms: three questions were asked by the end of it.
local SILENCE = 1000

local SIGNS = { added = "+", changed = "~", suspect = "?", gone = "-" }
local STYLES = { added = "green", changed = "yellow", suspect = "yellow", gone = "red" }

---------------------------------------------------------------- lines

local function where(service)
  return service.host and ("%s:%d"):format((service.host:gsub("%.$", "")), service.port) or "-"
end

--- A line of a service, as `control.events` tells it.
local function show(out, service, shows_type)
  if out.is_json then
    return out:object(service)
  end
  local name = shows_type and service.instance .. "." .. service.type or service.instance
  local cells = { (SIGNS[service.event] or "*") .. " " .. name }
  if service.event == "gone" or service.event == "suspect" then
    cells[1] = ("%s %s (%s)"):format(cells[1], service.event, service.reason or "unknown")
  else
    cells[2], cells[3] = service.interface or "-", where(service)
    cells[4] = service.addresses[1] and table.concat(service.addresses, " ") or "-"
    cells[5] = service.texts[1] and table.concat(service.texts, " ") or nil
  end
  out:columns({ cells }, {
    style = function(_, column)
      return column == 1 and STYLES[service.event] or nil
    end,
  })
end

---------------------------------------------------------------- from here, or by the daemon

--- Browses for ever, or until nothing new has come for a while, or nobody reads it.
local function wait(scheduler, args, progress)
  repeat
    local left = args.once and progress.last + SILENCE - scheduler:now() or math.huge
    scheduler:sleep(math.min(math.max(left, 0), 1000))
    local is_quiet = args.once and scheduler:now() >= progress.last + SILENCE
  until is_quiet or progress.is_over
end

local function from_here(cli, args, progress, on_service)
  return cli:run(function(scheduler)
    progress.last = scheduler:now()
    local engine = engines.new { world = cli.world, scheduler = scheduler, is_private = true }
    local handle, message, code = engine:browse(args.type, function(service)
      on_service(scheduler, events.of_service(service, cli.world:date()))
    end, { interfaces = args.interfaces })
    if handle then
      wait(scheduler, args, progress)
    end
    engine:close()
    return handle and true, message, code
  end)
end

local function target_of(args)
  local parameters = {}
  if args.type then
    parameters[1] = { "type", args.type }
  end
  for _, name in ipairs(args.interfaces) do
    parameters[#parameters + 1] = { "interface", name }
  end
  return "/v1/browse" .. client.query_string(parameters)
end

--- Ends with what ends first: the daemon, or our patience.
local function by_daemon(cli, path, args, progress, on_service)
  return cli:run(function(scheduler)
    progress.last = scheduler:now()
    local ended = group.race(scheduler, {
      function()
        return {
          follow.run(scheduler, path, target_of(args), function(service)
            if service.event == "watching" then
              progress.has_begun, progress.last = true, scheduler:now()
            else
              on_service(scheduler, service)
            end
            return not progress.is_over
          end),
        }
      end,
      function()
        wait(scheduler, args, progress)
        return { true }
      end,
    })
    return unpack(ended, 1, 3)
  end)
end

---------------------------------------------------------------- the command

local function what(args)
  return args.type and "services of type " .. args.type or "services"
end

--- For people, who see nothing until something is found.
local function say_what_for(cli, args)
  if cli.out.is_pretty then
    cli.out:problem("browsing %s; %s", what(args), args.once and "a moment" or "Ctrl-C ends it")
  end
end

local function finish(cli, args, progress, ok, message, code)
  if ok then
    if progress.count == 0 and not cli.out.is_broken then
      cli.out:problem("no %s found", what(args))
    end
    return progress.count > 0 and runtime.OK or runtime.NO_ANSWER
  elseif code == "EINTR" then
    return runtime.INTERRUPTED
  end
  cli.out:problem("%s", message)
  return runtime.USAGE
end

-- One that is not there may come yet.
local function warn_of_absent(cli, wanted)
  local names = {}
  for _, interface in ipairs(cli.world:interfaces()) do
    names[#names + 1], names[interface.name] = interface.name, true
  end
  for _, name in ipairs(wanted or {}) do
    if not names[name] then
      cli.out:problem("there is no interface '%s' now%s", name, suggest.hint(name, names))
    end
  end
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function browse.run(cli, args)
  local progress = { count = 0, last = 0, has_begun = false, is_over = false }
  local function on_service(scheduler, service)
    progress.count, progress.last = progress.count + 1, scheduler:now()
    show(cli.out, service, not args.type)
    progress.is_over = cli.out.is_broken
  end
  if args.type then
    local name, message = service_name.of_type(args.type)
    if not name then
      cli.out:problem("%s", message)
      return runtime.USAGE
    end
  end
  warn_of_absent(cli, args.interfaces)
  say_what_for(cli, args)
  local path = cli:control_path(args.control)
  if path then
    local ok, message, code = by_daemon(cli, path, args, progress, on_service)
    if ok or code == "EINTR" then
      return finish(cli, args, progress, ok, message, code)
    elseif progress.has_begun then
      cli.out:problem("the daemon at %s: %s; nothing is browsed any more", path, message)
      return runtime.UNREACHABLE
    elseif args.control or not client.is_absent(code) then
      return ask.explain(cli, path, message, code)
    end
  end
  return finish(cli, args, progress, from_here(cli, args, progress, on_service))
end

return browse
