--- A command line without a machine: a virtual world that can loop, and outputs that are kept.

local outputs = require("mlxresolve.cli.output")
local runtime = require("mlxresolve.cli.runtime")
local virtual = require("mlxresolve.world.virtual")

local fake_cli = {}

--- A virtual world whose `loop` ends when somebody stops it or nothing is left to happen.
---@return mlxresolve.VirtualWorld
function fake_cli.world()
  local world = virtual.new()
  world.host = { run = function() end }
  local is_stopped = false
  function world.stop()
    is_stopped = true
  end
  function world.loop(self)
    self:settle(function()
      return is_stopped
    end)
    is_stopped = false
  end
  function world.signals(_, on_signal)
    world.signal = on_signal
  end
  function world.watch_load(_, on_change)
    world.change_load = on_change
  end
  return world
end

---@class mlxresolve.FakeCli: mlxresolve.CliRuntime
---@field stdout string
---@field stderr string

--- A runtime; `cli.shown.stdout` and `cli.shown.stderr` hold what was written.
---@param options table?  is_json, is_terminal, world, env
---@return mlxresolve.CliRuntime
function fake_cli.new(options)
  options = options or {}
  local world = options.world or fake_cli.world()
  local shown = { stdout = "", stderr = "" }
  local out = outputs.new {
    env = function(name)
      return (options.env or {})[name]
    end,
    is_json = options.is_json,
    stdout_is_terminal = options.is_terminal,
    stderr_is_terminal = options.is_terminal,
    write = function(text)
      shown.stdout = shown.stdout .. text
    end,
    write_problem = function(text)
      shown.stderr = shown.stderr .. text
    end,
  }
  local host = { uid = 0, pid = 812, folder = "/home/u", examples = "/share/examples" }
  function host.end_within(seconds)
    host.patience = seconds
  end
  local cli = runtime.new(world, host, out)
  cli.shown = shown
  return cli
end

--- Lets a daemon live at `path`: `answer(method, target, body)` returns status and JSON text.
function fake_cli.daemon(world, path, answer)
  world.targets[path] = function(data, incoming)
    local method, target = data:match("^(%u+) (%S+) HTTP/1.1\r\n")
    local status, text = answer(method, target, data:match("\r\n\r\n(.*)$"))
    incoming[#incoming + 1] = ("HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s"):format(
      status,
      #text,
      text
    )
  end
end

--- Lets a daemon live at `path` that replies with a stream: a chunk for each line, a piece at a
--- time; false is its end. `target` of the result is what it was asked.
---@param lines (string|false)[]
function fake_cli.stream(world, path, lines)
  local daemon = {}
  world.targets[path] = function(data, incoming)
    daemon.target = data:match("^GET (%S+) HTTP/1.1\r\n")
    incoming[#incoming + 1] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    incoming.stays = true
    for _, line in ipairs(lines) do
      incoming[#incoming + 1] = line and ("%x\r\n%s\n\r\n"):format(#line + 1, line) or "0\r\n\r\n"
    end
  end
  return daemon
end

return fake_cli
