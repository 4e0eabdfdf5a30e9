--- A program of its own, with modules of its own; what it prints tells who loaded them.

local shell = require("support.shell")

local PROGRAM = [[
#include <lualib.h>
#include <lauxlib.h>
#include "bind/precompiled.h"

int main(int argc, char **argv) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  mlxr_precompiled_open(L, mlxr_precompiled, mlxr_precompiled_count, argv[1]);
  if (argc != 3 || luaL_dostring(L, argv[2]) != 0)
    printf("error: %s\n", lua_tostring(L, -1));
  lua_close(L);
}
]]

-- `other` bears the same modules with another version in the header of their bytecode.
local MAKE = [[
cd %s
cc="cc -include stdio.h -I%s/core $(pkg-config --cflags luajit)" libs=$(pkg-config --libs luajit)
precompiled=%s/core/bind/precompiled.c
$cc -o precompile %s/tools/precompile.c $precompiled $libs &&
./precompile lua %s >modules.c &&
sed 's/{27, 76, 74, [0-9]*,/{27, 76, 74, 99,/' modules.c >other.c &&
$cc -o program program.c modules.c $precompiled $libs &&
$cc -o other program.c other.c $precompiled $libs
]]

describe("core.bind.precompiled", function()
  local folder, root

  local function write(path, text)
    shell.write(folder .. "/lua/app/" .. path, text)
  end

  setup(function()
    folder, root = shell.temp_folder(), io.popen("pwd"):read("*l")
    os.execute("mkdir -p " .. folder .. "/lua/app/part " .. folder .. "/lua/app/initial")
    shell.write(folder .. "/program.c", PROGRAM)
  end)
  teardown(function()
    shell.remove_folder(folder)
  end)

  local FILES = {
    ["init.lua"] = "return 'app'",
    ["part/init.lua"] = "return 'part'",
    ["part/init_data.lua"] = "return 'data'",
    ["initial/one.lua"] = "return 'one'",
    ["part_two.lua"] = "\nlocal two = {}\nfunction two.fail()\n  error('oh')\nend\nreturn two",
  }
  before_each(function()
    for path, text in pairs(FILES) do
      write(path, text)
    end
  end)

  local function build()
    local names = {}
    for path in pairs(FILES) do
      names[#names + 1] = "app/" .. path
    end
    local make = MAKE:format(folder, root, root, root, table.concat(names, " "))
    assert.equal(0, os.execute(make))
    return true
  end

  local is_built = false
  local function run(script, program)
    is_built = is_built or build()
    local lua = folder .. "/lua"
    local path = ("package.path = %q "):format(lua .. "/?.lua;" .. lua .. "/?/init.lua")
    local words = { folder .. "/" .. (program or "program"), lua, path .. script }
    local out = io.popen(shell.command(words))
    local text = out:read("*a")
    out:close()
    return text
  end

  --- Whether bytecode stands in for the module's file.
  local function stands_in(name, program)
    local script = 'io.write(type(package.loaders[2]("%s")))'
    return run(script:format(name), program) == "function"
  end

  it("stands in for files that are as they were", function()
    for _, name in ipairs { "app", "app.part", "app.part.init_data", "app.initial.one" } do
      assert.is_true(stands_in(name), name)
    end
    assert.equal(
      "app part data one",
      run([[io.write(require("app"), " ", require("app.part"), " ",
        require("app.part.init_data"), " ", require("app.initial.one"))]])
    )
  end)

  it("says the same positions as the file would", function()
    local script = [[io.write(select(2, pcall(require("app.part_two").fail)), " ",
      debug.getinfo(require("app.part_two").fail, "S").source)]]
    local expected = ("%s/lua/app/part_two.lua:4: oh @%s/lua/app/part_two.lua"):format(
      folder,
      folder
    )
    assert.is_true(stands_in("app.part_two"))
    assert.equal(expected, run(script))
    write("part_two.lua", FILES["part_two.lua"] .. " ")
    assert.is_false(stands_in("app.part_two"))
    assert.equal(expected, run(script))
  end)

  it("leaves an edited file to be read, of the same length too", function()
    for _, text in ipairs { "return 'edited'", "return 'apq'" } do
      write("init.lua", text)
      assert.is_false(stands_in("app"))
      assert.equal(loadstring(text)(), run([[io.write(require("app"))]]))
    end
    write("init.lua", FILES["init.lua"])
    assert.is_true(stands_in("app"))
  end)

  it("reads the files when it is bytecode of another LuaJIT", function()
    assert.is_false(stands_in("app", "other"))
    assert.equal("app part", run([[io.write(require("app"), " ", require("app.part"))]], "other"))
  end)

  it("does not bring back a file that was removed", function()
    os.remove(folder .. "/lua/app/initial/one.lua")
    assert.is_truthy(run([[require("app.initial.one")]]):find("not found", 1, true))
  end)

  it("leaves modules that are not its own to others", function()
    write("new.lua", "return 'new'")
    assert.is_false(stands_in("app.new"))
    assert.equal("new", run([[io.write(require("app.new"))]]))
  end)
end)
