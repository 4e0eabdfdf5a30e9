--- What every command has: a world, an output, and a way to wait for things.

local schedulers = require("mlxresolve.scheduler")
local control = require("mlxresolve.control")

local runtime = {}
local methods = {}
local mt = { __name = "mlxresolve.cli.runtime", __index = methods }

--- Exit codes, as `mlxresolve --help` tells them.
runtime.OK = 0
runtime.USAGE = 1
runtime.NOT_FOUND = 2
runtime.NO_ANSWER = 3
runtime.MISTAKES = 4
runtime.UNREACHABLE = 5
runtime.INTERRUPTED = 130

---@class mlxresolve.CliHost   what only the program itself knows
---@field uid integer
---@field pid integer
---@field folder string      where it was started
---@field executable string
---@field examples string    folder
---@field stdout_is_terminal boolean
---@field stderr_is_terminal boolean
---@field ignores_hangup boolean  it was started by nohup or the like
---@field end_within fun(s: integer)  after a signal to end; handlers must be there already

---@param world mlxresolve.World
---@param host mlxresolve.CliHost
---@param out mlxresolve.Output
---@return mlxresolve.CliRuntime
function runtime.new(world, host, out)
  return setmetatable({
    world = world,
    host = host,
    out = out,
    is_interrupted = false,
    is_looping = false,
  }, mt)
end

--- Runs the loop until `stop` or an interrupt. False when it was interrupted.
---@return boolean
function methods:loop()
  if not self.watches_signals then
    self.watches_signals = true
    self.world:signals(function(name)
      -- who runs the loop himself, as the daemon does, also ends it himself
      local is_end = name ~= "sighup" or not self.host.ignores_hangup
      if self.is_looping and is_end then
        self.is_interrupted = true
        self.world:stop()
      end
    end)
  end
  if not self.is_interrupted then
    self.is_looping = true
    self.world:loop()
    self.is_looping = false
  end
  return not self.is_interrupted
end

function methods:stop()
  self.world:stop()
end

--- Runs `fn(scheduler)` in a task and returns its results; nil, message, code when it was
--- interrupted ("EINTR") or died.
---@param fn fun(scheduler: mlxresolve.Scheduler): any, any, any
---@return any, any, any
function methods:run(fn)
  local scheduler = schedulers.new(self.world)
  local a, b, c = nil, "interrupted", "EINTR"
  scheduler.on_error = function(_, problem)
    a, b, c = nil, tostring(problem), "EINTERNAL"
    self.world:stop()
  end
  scheduler:spawn(function()
    a, b, c = fn(scheduler)
    self.world:stop()
  end)
  self:loop()
  return a, b, c
end

--- A path as it is seen from everywhere.
---@param path string
---@return string
function methods:absolute(path)
  return path:sub(1, 1) == "/" and path or self.host.folder .. "/" .. path
end

--- The control socket that is meant: the one that was said, or the usual one.
---@param said string|nil
---@return string|nil path, string? message, string? code
function methods:control_path(said)
  if said then
    return self:absolute(said)
  end
  return control.default_path(self.world, self.host.uid)
end

return runtime
