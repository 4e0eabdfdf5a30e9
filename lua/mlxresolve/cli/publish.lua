--- `mlxresolve publish NAME TYPE PORT [KEY=VALUE…]`: a service on the attached links, for as long
--- as the command runs. Needs no daemon.

local engines = require("mlxresolve.mdns.engine")
local runtime = require("mlxresolve.cli.runtime")

local publish = {}

-- How often it is looked whether the names are known, or are others now, ms.
local LOOK = 50

local function tell(out, args, host, instance)
  if out.is_json then
    return out:object { event = "published", name = instance, host = host, port = args.port }
  end
  out:line(("published %s at %s:%d"):format(instance, host, args.port))
end

--- Tells the names whenever they are new; never ends by itself.
local function watch(scheduler, out, args, publication)
  local told
  while true do
    local host, instance = publication:names()
    local names = host .. instance
    if names ~= told and publication:is_announced() then
      told = names
      tell(out, args, host, instance)
    end
    scheduler:sleep(LOOK)
  end
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function publish.run(cli, args)
  local engine
  local _, message, code = cli:run(function(scheduler)
    engine = engines.new { world = cli.world, scheduler = scheduler }
    local publication, problem, problem_code = engine:publish {
      host = args.host,
      service = args.type,
      instance = args.name,
      port = args.port,
      txt = args.txt,
      subtypes = args.subtypes,
    }
    if not publication then
      return nil, problem, problem_code
    end
    watch(scheduler, cli.out, args, publication)
  end)
  if engine then
    engine:close()
  end
  if code == "EINTR" then
    return runtime.INTERRUPTED
  end
  cli.out:problem("%s", message)
  return runtime.USAGE
end

return publish
