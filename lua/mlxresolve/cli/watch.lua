--- `mlxresolve watch NAME…`: what becomes of names, live. Asks the running daemon, or runs a policy
--- here.

local ask = require("mlxresolve.cli.ask")
local client = require("mlxresolve.cli.client")
local core = require("mlxresolve.core")
local events = require("mlxresolve.control.events")
local follow = require("mlxresolve.cli.follow")
local here = require("mlxresolve.cli.here")
local runtime = require("mlxresolve.cli.runtime")

local watch = {}

local SIGNS = { added = "+", moved = "~", suspect = "?", gone = "-" }
local STYLES = { added = "green", moved = "yellow", suspect = "yellow", gone = "red" }

local function clock(date)
  return os.date("%H:%M:%S", math.floor(date)) .. ("%.3f"):format(date % 1):sub(2)
end

--- One event, as `control.events` tells it.
local function show(out, event)
  if out.is_json then
    return out:object(event)
  end
  local was = event.was and event.was .. " -> " or ""
  out:columns({
    {
      clock(event.time),
      ("%s %s"):format(SIGNS[event.event] or "*", (event.name:gsub("(.)%.$", "%1"))),
      was .. event.address,
      event.interface or "-",
      event.strategy or "-",
      ("%s (%s)"):format(event.event, event.reason),
    },
  }, {
    style = function(_, column)
      return (column == 2 and STYLES[event.event]) or ((column ~= 3) and "dim") or nil
    end,
  })
end

--- For people, who see nothing until something happens.
local function say_what_for(cli, names)
  if cli.out.is_pretty then
    local noun = #names == 1 and "name" or "names"
    cli.out:problem("watching %d %s; Ctrl-C ends it", #names, noun)
  end
end

---------------------------------------------------------------- with a daemon, and without

--- Exit code; nil where there is no daemon.
local function ask_daemon(cli, path, names, is_said)
  local parameters, has_begun = {}, false
  for i, name in ipairs(names) do
    parameters[i] = { "name", name }
  end
  local target = "/v1/watch" .. client.query_string(parameters)
  local ok, message, code = cli:run(function(scheduler)
    return follow.run(scheduler, path, target, function(event)
      if event.event == "watching" then
        has_begun = true
        say_what_for(cli, names)
      else
        show(cli.out, event)
      end
      return not cli.out.is_broken
    end)
  end)
  if ok then
    return runtime.OK
  elseif has_begun and code ~= "EINTR" then
    cli.out:problem("the daemon at %s: %s; nothing is watched any more", path, message)
    return runtime.UNREACHABLE
  elseif is_said or not client.is_absent(code) then
    return ask.explain(cli, path, message, code)
  end
end

local function watch_here(cli, policy, names)
  local resolver, failure = here.open(cli, policy)
  if not resolver then
    return failure
  end
  say_what_for(cli, names)
  for _, name in ipairs(names) do
    resolver:watch(name, function(event)
      show(cli.out, events.of_name(event, cli.world:date()))
      if cli.out.is_broken then
        cli:stop()
      end
    end)
  end
  local was_interrupted = not cli:loop()
  here.close(cli, resolver)
  return was_interrupted and runtime.INTERRUPTED or runtime.OK
end

---------------------------------------------------------------- the command

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function watch.run(cli, args)
  local names = {}
  for i, text in ipairs(args.names) do
    -- the empty text would be the root
    local name = text ~= "" and core.name.canonical(text)
    if not name then
      cli.out:problem("'%s' is no host name, such as mini2.local", text)
      return runtime.USAGE
    end
    names[i] = name
  end
  if args.policy then
    return watch_here(cli, args.policy, names)
  end
  local path = cli:control_path(args.control)
  local code = path and ask_daemon(cli, path, names, args.control)
  return code or watch_here(cli, here.instead(cli, path), names)
end

return watch
