--- The part of `ctx` that looks at this machine and its links: programs, echoes, interfaces,
--- neighbours, files.

local ECHO_TIMEOUT = 1000 -- ms
local RUN_TIMEOUT = 10e3

---@class mlxresolve.Context
local machine = {}

local function cancel_run(world, operation)
  world:cancel("run", operation)
end

local function run(self, argv)
  local operation, message, code = self.world:run(self.scheduler.running, argv)
  if not operation then
    return nil, message, code
  end
  return self.scheduler:wait(cancel_run, self.world, operation)
end

--- Runs a program to its end, without a shell.
function machine:run(argv, options)
  if type(argv) ~= "table" or type(argv[1]) ~= "string" then
    error('ctx:run: expected a list such as { "ping", "-c1", "192.0.2.1" }', 2)
  end
  local timeout = options and options.timeout or RUN_TIMEOUT
  local code, stdout, stderr = self.scheduler:within(timeout, run, self, argv)
  if not code and stderr == "ETIMEOUT" then
    return nil, ("%s: did not end within %g ms"):format(argv[1], timeout), "ETIMEOUT"
  end
  return code, stdout, stderr
end

local function cancel_echo(world, operation)
  world:cancel("echo", operation)
end

local function echo(self, address)
  local operation, message, code = self.world:echo(self.scheduler.running, address)
  if not operation then
    return nil, message, code
  end
  return self.scheduler:wait(cancel_echo, self.world, operation)
end

--- Asks an address for an ICMP echo ("ping"), once.
function machine:echo(address, options)
  local timeout = options and options.timeout or ECHO_TIMEOUT
  local ms, message, code = self.scheduler:within(timeout, echo, self, address)
  if not ms and code == "ETIMEOUT" then
    return nil, ("%s: no echo within %g ms"):format(address, timeout), code
  end
  return ms, message, code
end

function machine:interfaces()
  return self.world:interfaces()
end

---@return string
function machine:hostname()
  return self.world:hostname()
end

function machine:neighbours()
  return self.world:neighbours()
end

function machine:read_file(path)
  return self.world:read_file(path)
end

function machine:file_stamp(path)
  return self.world:file_stamp(path)
end

--- What this plugin found of a host when it met it for the first time.
---@param name string  canonical
---@return string|nil evidence
function machine:remembered(name)
  return self.runtime.remembered:get(self.instance.node.plugin_name, name)
end

--- Has it remembered, across restarts where the resolver has files.
function machine:remember(name, evidence)
  return self.runtime.remembered:put(self.instance.node.plugin_name, name, evidence)
end

return machine
