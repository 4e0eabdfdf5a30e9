--- C files of the core that no binding shows, compiled by themselves and called through ffi.
---
---   local library = require("support.compiled") { "core/deadlines.c" }

local ffi = require("ffi")

local shell = require("support.shell")

local COMPILE = "%s -std=gnu11 -D_GNU_SOURCE -O1 -fPIC -shared -o %s/spec.so %s"

--- The library stays loaded after its file is gone.
---@param files string[]
---@return ffi.namespace*
return function(files)
  local folder = shell.temp_folder()
  local compiler = os.getenv("CC") or "cc"
  local status = os.execute(COMPILE:format(compiler, folder, shell.command(files)))
  local ok, library = pcall(ffi.load, folder .. "/spec.so")
  shell.remove_folder(folder)
  assert(status == 0 or status == true, "the compiler refused " .. table.concat(files, " "))
  assert(ok, library)
  return library
end
