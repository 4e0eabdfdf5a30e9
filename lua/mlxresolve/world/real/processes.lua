--- Programs of the real world: run to their end, without a shell, with bounded output.

local uv = require("luv")

local MAX_OUTPUT = 64 * 1024 -- bytes of stdout and stderr together; then it is killed

local processes = {}

local function fail(program, problem)
  local code = tostring(problem):match("^(E%u+)") or "EIO"
  return nil, ("%s: %s"):format(program, tostring(problem):gsub("^E%u+: ", "")), code
end

--- Kills the program and what it has started: they are a process group of their own.
local function kill(run)
  if run.pid then
    uv.kill(-run.pid, "sigkill")
  end
end

local function result(run)
  local program = run.argv[1]
  if run.failure then
    return fail(program, run.failure)
  elseif run.size > MAX_OUTPUT then
    return nil, ("%s: printed more than %d KiB"):format(program, MAX_OUTPUT / 1024), "EFBIG"
  elseif run.signal ~= 0 then
    return nil, ("%s: ended by signal %d"):format(program, run.signal), "EINTR"
  end
  return run.code, table.concat(run.stdout), table.concat(run.stderr)
end

--- One of the three ends: of the program, of its stdout, of its stderr.
local function note_end(run)
  run.left = run.left - 1
  if run.left > 0 then
    return
  end
  local world = run.world
  world.runs[run.operation] = nil
  if run.waiter then
    run.waiter:wake(result(run))
    world:turn()
  end
end

local function read(run, pipe, chunks)
  pipe:read_start(function(problem, data)
    if data then
      run.size = run.size + #data
      if run.size > MAX_OUTPUT then
        kill(run)
      else
        chunks[#chunks + 1] = data
      end
      return
    end
    run.failure = run.failure or problem
    pipe:close()
    note_end(run)
  end)
end

local function spawn(run)
  local argv = run.argv
  local stdout, stderr = uv.new_pipe(false), uv.new_pipe(false)
  local handle, pid
  handle, pid = uv.spawn(argv[1], {
    args = { unpack(argv, 2) },
    stdio = { nil, stdout, stderr },
    detached = true,
  }, function(code, signal)
    run.code, run.signal = code, signal
    handle:close()
    note_end(run)
  end)
  if not handle then
    -- within the loop, see `close` in real.lua
    run.world.host:after(0, function()
      stdout:close()
      stderr:close()
    end)
    return fail(argv[1], pid)
  end
  run.pid = pid
  read(run, stdout, run.stdout)
  read(run, stderr, run.stderr)
  return true
end

--- Runs a program, found by PATH unless it is a path, with nothing to read and no terminal. Wakes
--- with: exit code, stdout, stderr; or nil, message, code. To cancel is to kill.
---@param argv string[]
---@return integer|nil operation, string? message, string? code
function processes:run(waiter, argv)
  self.runs, self.last_run = self.runs or {}, (self.last_run or 0) + 1
  local run = {
    world = self,
    waiter = waiter,
    argv = argv,
    operation = self.last_run,
    stdout = {},
    stderr = {},
    size = 0,
    left = 3,
    failure = false,
    code = false,
    signal = 0,
    pid = false,
  }
  local started, message, code = spawn(run)
  if not started then
    return nil, message, code
  end
  self.runs[run.operation] = run
  return run.operation
end

--- The handles are closed when the kernel tells that it is dead.
function processes:cancel_run(operation)
  local run = self.runs[operation]
  if run then
    run.waiter = false
    kill(run)
  end
end

--- Kills what still runs.
function processes:kill_all()
  for _, run in pairs(self.runs or {}) do
    run.waiter = false
    kill(run)
  end
end

---------------------------------------------------------------- this process

---@return string|nil
function processes:env(name) -- luacheck: ignore 212
  return os.getenv(name)
end

---@return integer
function processes:processors() -- luacheck: ignore 212
  return uv.available_parallelism and uv.available_parallelism() or #uv.cpu_info()
end

---@return integer
function processes:uid() -- luacheck: ignore 212
  return uv.getuid()
end

return processes
