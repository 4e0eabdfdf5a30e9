--- The command line: reads the arguments, runs one command, returns its exit code.

local arguments = require("mlxresolve.cli.arguments")
local outputs = require("mlxresolve.cli.output")
local runtime = require("mlxresolve.cli.runtime")

local cli = {}

-- Each command is a file of its own, loaded when it is used.
local COMMANDS = {
  run = { "mlxresolve.cli.run", "run" },
  query = { "mlxresolve.cli.query", "run" },
  browse = { "mlxresolve.cli.browse", "run" },
  publish = { "mlxresolve.cli.publish", "run" },
  watch = { "mlxresolve.cli.watch", "run" },
  failed = { "mlxresolve.cli.failed", "run" },
  check = { "mlxresolve.cli.check", "run" },
  simulate = { "mlxresolve.cli.simulate", "run" },
  status = { "mlxresolve.cli.status", "run" },
  cache = { "mlxresolve.cli.cache", "run" },
  pins = { "mlxresolve.cli.pins", "run" },
  reload = { "mlxresolve.cli.reload", "run" },
}

-- Who runs a daemon reads its log; who asks for a name wants the answer.
local LEVELS =
  { run = "info", query = "error", watch = "error", browse = "error", publish = "warn" }

--- Runs the command in `values`.
---@param values table  as `arguments.parse` reads them
---@param world mlxresolve.World
---@param host mlxresolve.CliHost
---@param out mlxresolve.Output
---@return integer code
function cli.dispatch(values, world, host, out)
  local command = COMMANDS[values.command]
  local run = require(command[1])[command[2]]
  if values.command ~= "run" then
    jit.on() -- off until here, see core/main.c; the daemon turns it on when it is busy
  end
  return run(runtime.new(world, host, out), values)
end

-- In the build tree the program knows its examples; installed, they are beside the Lua files.
local function example_folder()
  local here = debug.getinfo(1, "S").source:match("^@(.*)cli/init%.lua$") or ""
  return here .. "examples"
end

--- What the program is.
---@param words string[]
---@param host mlxresolve.CliHost
---@return integer code
function cli.main(words, host)
  local values, text, was_asked = arguments.parse(words)
  if not values then
    local file = was_asked and io.stdout or io.stderr
    file:write(was_asked and "" or #words > 0 and "mlxresolve: " or "", text, "\n")
    return was_asked and runtime.OK or runtime.USAGE
  end
  host.examples = host.examples or example_folder()
  local world = require("mlxresolve.world.real").new { level = LEVELS[values.command] }
  local out = outputs.new {
    env = function(name)
      return world:env(name)
    end,
    is_json = values.json,
    stdout_is_terminal = host.stdout_is_terminal,
    stderr_is_terminal = host.stderr_is_terminal,
  }
  local code = cli.dispatch(values, world, host, out)
  if out.failure and code == runtime.OK and values.command ~= "run" then
    out:problem("the output could not be written: %s", out.failure)
    code = runtime.USAGE
  end
  world:close()
  world:loop() -- luv frees handles in the loop; the state must not be closed before that
  return code
end

return cli
