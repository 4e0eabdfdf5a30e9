local shell = require("support.shell")
local uv = require("luv")

local CODE = [[
  local uv = require "luv"
  local folder, cpath = os.getenv("FOLDER"), package.cpath
  uv.new_thread(function(folder, cpath)
    package.cpath = cpath
    local core = require "mlxresolve.core"
    local store = require "mlxresolve.store"
    local cache = core.cache.new { size = 262144 }
    local one = assert(store.open({ path = folder .. "/cache", date = 1e12 }, cache))
    one:close(0) -- its thread may still be writing
    local native = assert(core.native.open())
    assert(native:ask("127.0.0.1", 4, 1000, 0))
    native:close() -- and this one's still be looking
  end, folder, cpath):join()
  -- the state that loaded the code is gone
  for line in io.lines("/proc/self/maps") do
    local name = line:match("r%-xp.*/(%w+%.so)$")
    if name == "mlxresolve.so" or name == "store.so" then
      print(name)
    end
  end
]]

describe("core.pin", function()
  it("keeps code whose threads outlive the Lua state that loaded it", function()
    if jit.os ~= "Linux" then
      return pending("what is mapped can be seen on Linux only")
    end
    local folder = shell.temp_folder()
    shell.write(folder .. "/code.lua", CODE)
    local words = {
      "LUA_PATH=" .. package.path,
      "LUA_CPATH=" .. package.cpath,
      "FOLDER=" .. folder,
    }
    local command = "timeout 30 env %s luajit %s/code.lua 2>&1 | sort -u"
    local pipe = assert(io.popen(command:format(shell.command(words), folder)))
    local out = pipe:read("*a")
    pipe:close()
    uv.update_time()
    shell.remove_folder(folder)
    assert.equal("mlxresolve.so\nstore.so\n", out)
  end)
end)
