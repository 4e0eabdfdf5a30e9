--- Code that runs while calls of the system fail; see faults.c.
---
---   local faults = require "support.faults"
---   faults.check [[
---     fail("recvmmsg", "ENOMEM", 1)      -- the first call from now on; 2, 3 …: later ones
---     …
---     assert(1 == fail())                -- none from now on; how many did fail
---   ]]

local shell = require("support.shell")
local uv = require("luv")

local faults = {}

local PRELUDE = [==[
local ffi = require("ffi")
ffi.cdef([[
  long mlxt_fail(const char *name, int code, long from, long count);
  void mlxt_age(void);
  void mlxt_intrude(void);
]])
local CODES = { EPERM = 1, EINTR = 4, EAGAIN = 11, ENOMEM = 12, EMFILE = 24, ENOSPC = 28,
  EPIPE = 32, ENETDOWN = 100, ECONNABORTED = 103, ECONNRESET = 104, ENOBUFS = 105 }
local function fail(name, code, from, count)
  return tonumber(ffi.C.mlxt_fail(name, name and CODES[code] or 0, from or 0, count or 1))
end
]==]

--- Why specs of this kind cannot run here, or nil.
---@return string|nil
function faults.missing()
  if jit.os ~= "Linux" then
    return "calls of the system fail on demand on Linux only"
  end
  local preloaded = os.getenv("LD_PRELOAD") or ""
  return preloaded:find("asan") and "a sanitizer has its own place before the system's calls" or nil
end

--- Runs code in a LuaJIT of its own and returns what it wrote; raises when it did not end well.
---@param code string
---@return string
function faults.check(code)
  local folder = shell.temp_folder()
  local build = "cc -O1 -fPIC -shared -o %s/faults.so spec/support/faults.c -ldl"
  local built = os.execute(build:format(folder))
  shell.write(folder .. "/code.lua", PRELUDE .. code)
  local environment = {
    "LUA_PATH=" .. package.path,
    "LUA_CPATH=" .. package.cpath,
    "LD_PRELOAD=" .. folder .. "/faults.so",
    "FOLDER=" .. folder,
  }
  local command = ("timeout 120 env %s luajit %s/code.lua >%s/out 2>&1"):format(
    shell.command(environment),
    folder,
    folder
  )
  local status = os.execute(command)
  uv.update_time() -- timers count from the loop's last look at the clock
  local out = shell.read(folder .. "/out") or ""
  shell.remove_folder(folder)
  assert(built == 0, "the compiler refused faults.c")
  assert(status == 0, ("ended with %d:\n%s"):format(status / 256, out))
  return out
end

return faults
