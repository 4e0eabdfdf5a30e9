--- The life of `mlxresolve run`: check, make sure that nobody is in the way, open, say what
--- there is, serve, reload on SIGHUP, end on SIGTERM.

local client = require("mlxresolve.cli.client")
local control = require("mlxresolve.control")
local occupied = require("mlxresolve.daemon.occupied")
local outputs = require("mlxresolve.cli.output")
local runtime = require("mlxresolve.cli.runtime")
local version = require("mlxresolve.version")

local daemon = {}
local methods = {}
local mt = { __name = "mlxresolve.daemon", __index = methods }

-- Opening the control socket takes longer than an answer: who waits for the listener goes first.
local HEAD_START = 1 -- ms

-- An end that takes longer than this is an end without good-byes.
local STUCK = 5 -- s after a signal; a policy may compute without end
local CLOSE_PATIENCE = 800 -- ms

---------------------------------------------------------------- opening

local function load_policy(self)
  local policy, mistakes = require("mlxresolve.policy").load(self.file, { world = self.world })
  if policy then
    return policy
  end
  self.cli.out.write_problem(tostring(mistakes) .. "\n")
  return nil, runtime.MISTAKES
end

--- The path that was said, the policy's, or the usual one; false for none.
local function choose_control(self, policy, said)
  local chosen = said or policy.control
  if not chosen then
    return false
  end
  local path, message = self.cli:control_path(chosen ~= "auto" and chosen or nil)
  if not path then
    self.cli.out:problem("no control socket: %s", message)
  end
  return path or false
end

--- Who lives where a daemon usually lives, for when a port turns out to be taken.
local function find_other(self)
  local path = self.cli:control_path()
  self.other = path and path ~= self.control_path and occupied.ask(self.cli, path) or false
end

--- Nobody may live at the control path. The real test is the bind; this one can say who it is.
local function check_control(self)
  local other, _, code = occupied.ask(self.cli, self.control_path)
  if code == "EINTR" then
    return nil, runtime.INTERRUPTED
  elseif not other and client.is_absent(code) then
    return true
  end
  occupied.socket(self.cli.out, self.control_path, other)
  return nil, runtime.USAGE
end

local function open_resolver(self, policy, listen)
  local resolver, message, code = require("mlxresolve").open(policy, {
    world = self.world,
    serve = true,
    listen = listen,
  })
  if resolver then
    return resolver
  elseif code == "EADDRINUSE" then
    occupied.port(self.cli.out, message, self.other)
    return nil, runtime.USAGE
  end
  self.cli.out:problem("%s", message)
  if code == "EACCES" then
    self.cli.out:problem("ports below 1024 need root; --listen 127.0.0.1:5453 does not")
  end
  return nil, runtime.USAGE
end

local function open_control(self)
  self.api = control.new {
    resolver = self.resolver,
    about = function()
      return self:about()
    end,
    reload = function()
      return self:reload()
    end,
  }
  local message, code
  self.server, message, code = self.api:serve(self.world, self.control_path)
  if self.server then
    return true
  elseif code == "EADDRINUSE" then
    occupied.socket(self.cli.out, self.control_path)
    return nil, runtime.USAGE
  end
  local why = code == "EEXIST" and "; it is no socket: remove it if nobody needs it" or ""
  self.cli.out:problem("control socket: %s%s", message, why)
  self.cli.out:problem("choose another place with --control PATH")
  return nil, runtime.USAGE
end

---------------------------------------------------------------- running

--- What only the daemon knows, for `status`.
---@return table
function methods:about()
  return {
    version = version.library,
    pid = self.cli.host.pid,
    control = self.control_path,
    policy = {
      file = self.cli:absolute(self.file),
      loaded = self.loaded,
      problem = self.problem,
    },
    uptime = math.floor((self.world:now() - self.started) / 1000),
  }
end

--- Reads the policy again; the old one stays when the new one has mistakes.
---@return true|nil, string[]|string at_restart_or_message, string? code
function methods:reload()
  local ok, message, code = self.resolver:reload()
  if ok then
    self.loaded, self.problem = self.world:date(), false
    self.world:log("info", ("%s: read again"):format(self.file))
    if message and message[1] then
      local text = "%s: what it says of %s waits for the next start"
      self.world:log("warn", text:format(self.file, table.concat(message, ", ")))
    end
    return true, message
  end
  self.problem = message
  local text = ("%s: not taken over, the old policy stays:\n%s"):format(self.file, message)
  self.world:log("error", text)
  return nil, message, code or "EPOLICY"
end

local function labels(list)
  local names = {}
  for i, item in ipairs(list or {}) do
    names[i] = type(item) == "table" and (item.name or item.label) or tostring(item)
  end
  return #names > 0 and table.concat(names, ", ") or "none"
end

--- What listens where, and what is asked in which order.
local function announce(self)
  local out, status = self.cli.out, self.resolver:status()
  if out.is_json then
    return out:object {
      event = "ready",
      pid = self.cli.host.pid,
      policy = self.file,
      control = self.control_path,
      listen = status.listen or {},
      strategies = status.strategies or {},
    }
  end
  local rows = {
    { "mlxresolve " .. version.library, ("pid %d"):format(self.cli.host.pid) },
    { "policy", self.file },
    { "listening on", labels(status.listen) .. "  (DNS over UDP and TCP)" },
    { "control", self.control_path or "none" },
    { "strategies", labels(status.strategies) },
  }
  if #(status.listen or {}) == 0 then
    rows[3][2] = "nothing (the policy has no `listen`; --listen ADDRESS:PORT)"
  end
  out:columns(rows, { style = outputs.by_column { "bold" } })
end

local function finish(self)
  if self.server then
    self.api:close()
    self.world:stop_serving(self.server)
    self.server = false
  end
  self.resolver:close(function()
    self.world:stop()
  end)
end

--- Ends in good order, and at the latest after a moment; a second signal ends at once.
local function stop(self, name)
  if self.ended_by then
    return self.world:stop()
  end
  self.ended_by = name
  self.world:log("info", ("%s: ending"):format(name:upper()))
  local host = self.world.host
  if host and host.after then
    host:after(CLOSE_PATIENCE, function()
      self.world:stop()
    end)
  end
  finish(self)
end

-- Compiling takes tenths of a millisecond, which somebody waits for: it pays where the same is done
-- often. What is compiled runs on.
local function compile(is_busy)
  if is_busy then
    jit.on()
  else
    jit.off()
  end
end

local function be_ready(self)
  announce(self)
  self.world:watch_load(compile)
end

local function complete(self)
  if self.ended_by then
    return
  end
  local ok, code = open_control(self)
  if ok then
    return be_ready(self)
  end
  self.failure = code
  finish(self)
end

local function serve(self)
  self.world:signals(function(name)
    if name == "sighup" then
      self:reload()
    else
      stop(self, name)
    end
  end)
  self.cli.host.end_within(STUCK)
  if self.control_path then
    self.world.host:after(HEAD_START, complete, self)
  else
    be_ready(self)
  end
  self.world:loop()
  return self.failure or self.ended_by == "sigint" and runtime.INTERRUPTED or runtime.OK
end

local function open(self, options)
  local policy, code = load_policy(self)
  if not policy then
    return nil, code
  end
  self.control_path = choose_control(self, policy, options.control)
  if self.control_path then
    local is_free
    is_free, code = check_control(self)
    if not is_free then
      return nil, code
    end
  end
  find_other(self)
  self.resolver, code = open_resolver(self, policy, options.listen)
  return self.resolver, code
end

---@class mlxresolve.DaemonOptions
---@field policy string     path
---@field control string?   path; the policy's when absent
---@field listen string[]?  in place of the policy's

--- Runs until a signal comes; returns the exit code.
---@param cli mlxresolve.CliRuntime
---@param options mlxresolve.DaemonOptions
---@return integer
function daemon.run(cli, options)
  local world = cli.world
  local self = setmetatable({
    cli = cli,
    world = world,
    file = options.policy,
    started = world:now(),
    loaded = world:date(),
    problem = false,
    ended_by = false,
    failure = false,
    control_path = false,
    other = false,
    server = false,
  }, mt)
  local ok, code = open(self, options)
  if not ok then
    return code
  end
  return serve(self)
end

return daemon
