--- The part of `ctx` that looks at this machine: programs, interfaces, neighbours, files.

local RUN_TIMEOUT = 10e3 -- ms

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
  local timeout = options and options.timeout or RUN_TIMEOUT
  local code, stdout, stderr = self.scheduler:within(timeout, run, self, argv)
  if not code and stderr == "ETIMEOUT" then
    return nil, ("%s: did not end within %g ms"):format(argv[1], timeout), "ETIMEOUT"
  end
  return code, stdout, stderr
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

return machine
