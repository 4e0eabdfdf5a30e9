--- The ways in which it gets onto a machine: `cmake --install` and luarocks.

local netns = require("support.netns")
local shell = require("support.shell")

local ROCKSPEC = "rockspec/mlxresolve-*.rockspec"

describe("installed", function()
  local folder
  before_each(function()
    folder = shell.temp_folder()
  end)
  after_each(function()
    shell.remove_folder(folder)
  end)

  --- Runs a shell command line; its output and exit code.
  local function run(line, ...)
    local words = { ... }
    for i, word in ipairs(words) do
      words[i] = shell.quote(word)
    end
    local log = folder .. "/log"
    local status =
      os.execute(("{ %s\n} >%s 2>&1 </dev/null"):format(line:format(unpack(words)), log))
    return math.floor(status / 256), shell.read(log)
  end

  local function check(...)
    local code, text = run(...)
    assert.equal(0, code, text)
    return text
  end

  --- From an empty folder, with nothing of the source tree in the environment.
  local function from_empty(line, ...)
    local empty = shell.quote(folder .. "/empty")
    local start = "mkdir -p EMPTY && cd EMPTY && env -i PATH=/usr/bin:/bin HOME=EMPTY "
    return check(start:gsub("EMPTY", empty) .. line, ...)
  end

  local EMBEDDED = [[
    local mlx = require("mlxresolve")
    local resolver = assert(mlx.open(mlx.policy { strategies = {
      mlx.use("localhost"), mlx.use("hosts") } }))
    resolver:resolve("a.localhost", { type = "A" }, function(result)
      print(result.addresses[1].address)
      resolver:close()
    end)
    require("luv").run()]]

  it("by cmake, it runs from an empty folder, and other programs find the library", function()
    local prefix = folder .. "/usr"
    check("cmake --install build --prefix %s", prefix)
    local program = prefix .. "/bin/mlxresolve"
    local example = prefix .. "/share/lua/5.1/mlxresolve/examples/home.lua"
    assert.equal(
      example .. ": ok",
      from_empty("%s check %s", program, example):match("^[^\n]-: ok")
    )
    assert.matches(
      "a%.localhost +127%.0%.0%.1",
      from_empty("%s query a.localhost A --policy %s", program, example)
    )
    local lua_path, lua_cpath =
      prefix .. "/share/lua/5.1/?.lua;" .. prefix .. "/share/lua/5.1/?/init.lua;;",
      prefix .. "/lib/lua/5.1/?.so;" .. prefix .. "/lib/x86_64-linux-gnu/lua/5.1/?.so;;"
    assert.equal(
      "127.0.0.1\n",
      from_empty("LUA_PATH=%s LUA_CPATH=%s luajit -e %s", lua_path, lua_cpath, EMBEDDED)
    )
  end)

  it("by cmake, its pages lie where their links lead, which they did not", function()
    check("cmake --install build --prefix %s", folder)
    local docs = folder .. "/share/doc/mlxresolve/"
    local pages = { "README.md", "ARCHITECTURE.md", "plugins/README.md", "docs/howto.md" }
    for _, page in ipairs(pages) do
      local text = assert(shell.read(docs .. page), page)
      for target in text:gmatch("%]%(([^)#]+)[^)]*%)") do
        if not target:match("^%a+:") then
          local path = docs .. (page:match("^.*/") or "") .. target
          assert.is_truthy(io.open(path), page .. " links to " .. target)
        end
      end
    end
  end)

  it("needs nothing of the source tree", function()
    local prefix = folder .. "/usr"
    check("cmake --install build --prefix %s", prefix)
    local here = check("pwd"):match("[^\n]*")
    local program = shell.quote(prefix .. "/bin/mlxresolve")
    local example = shell.quote(prefix .. "/share/lua/5.1/mlxresolve/examples/home.lua")
    local hidden =
      "mount -t tmpfs tmpfs %s && cd / && [ ! -e %s/lua ] && %s query localhost --policy %s"
    local tree = shell.quote(here)
    local done = netns.exec { "sh", "-c", hidden:format(tree, tree, program, example) }
    assert.equal(0, done.code, done.err)
    assert.matches("localhost +127%.0%.0%.1", done.out)
  end)

  it("by luarocks, the rock is sound, and module and program work from its tree", function()
    if run("command -v luarocks") ~= 0 then
      return pending("luarocks is not installed")
    end
    check("luarocks lint " .. ROCKSPEC)
    local clone, tree = folder .. "/clone", folder .. "/tree"
    check(
      "mkdir %s && git ls-files -z --cached --others --exclude-standard |"
        .. " xargs -0 cp --parents -t %s",
      clone,
      clone
    )
    local make = "cd %s && CMAKE_BUILD_PARALLEL_LEVEL=2 HOME=%s "
      .. "luarocks --lua-version 5.1 --tree %s make --deps-mode=none "
      .. ROCKSPEC
    check(make, clone, folder, tree)
    local lua_path = ("%s/share/lua/5.1/?.lua;%s/share/lua/5.1/?/init.lua;;"):format(tree, tree)
    local lua_cpath = tree .. "/lib/lua/5.1/?.so;;"
    check("rm -rf %s", clone)
    assert.equal(
      "127.0.0.1\n",
      from_empty("LUA_PATH=%s LUA_CPATH=%s luajit -e %s", lua_path, lua_cpath, EMBEDDED)
    )
    local program = tree .. "/bin/mlxresolve"
    assert.matches("^mlxresolve %d+%.%d+%.%d+", from_empty("%s --version", program))
    local example = tree .. "/share/lua/5.1/mlxresolve/examples/home.lua"
    assert.matches(
      "localhost +127%.0%.0%.1",
      from_empty("%s query localhost A --policy %s", program, example)
    )
  end)
end)
