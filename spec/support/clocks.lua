--- A machine that sleeps and whose clock is set, for programs that a spec starts; see clocks.c.
---
---   local clocks = require("support.clocks").new()
---   local run = os.execute("env " .. clocks:environment() .. " luajit …")
---   clocks:sleep(3600e3)      -- ms that the machine has slept, all told
---   clocks:set(-7200e3)       -- ms that its clock is set by, all told
---   clocks:close()

local ffi = require("ffi")

local shell = require("support.shell")

local clocks = {}
local methods = {}
local mt = { __name = "support.clocks", __index = methods }

local BUILD =
  "cc -O1 -fPIC -shared -D_GNU_SOURCE -o %s/clocks.so spec/support/clocks.c -ldl -lpthread"

--- Why specs of this kind cannot run here, or nil.
---@return string|nil
function clocks.missing()
  if jit.os ~= "Linux" then
    return "clocks are set on demand on Linux only"
  end
  local preloaded = os.getenv("LD_PRELOAD") or ""
  return preloaded:find("asan") and "a sanitizer has its own place before the system's calls" or nil
end

---@return support.Clocks
function clocks.new()
  local self = setmetatable({ folder = shell.temp_folder(), slept = 0, set_by = 0 }, mt)
  assert(os.execute(BUILD:format(self.folder)) == 0, "the compiler refused clocks.c")
  self:tell()
  return self
end

--- What a program's environment needs.
---@return table<string, string>
function methods:environment()
  return { LD_PRELOAD = self.folder .. "/clocks.so", MLXT_CLOCKS = self.folder .. "/told" }
end

-- In place: programs have the file mapped.
function methods:tell()
  local path = self.folder .. "/told"
  local file = io.open(path, "r+b") or assert(io.open(path, "wb"))
  local both = ffi.new("int64_t[2]", self.slept, self.set_by)
  file:write(ffi.string(both, 16))
  file:close()
end

function methods:sleep(ms)
  self.slept = ms
  self:tell()
end

function methods:set(ms)
  self.set_by = ms
  self:tell()
end

function methods:close()
  shell.remove_folder(self.folder)
end

return clocks
