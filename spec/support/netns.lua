--- Runs Lua in a network namespace of its own, with nothing in it but `lo` (up), as its root,
--- so that a spec can add links, addresses and routes without touching the machine.
---
---   local netns = require "support.netns"
---
---   it("sees a link come", function()
---     assert(netns.available())                  -- or pending("…")
---     local out = netns.check [[                 -- raises with stderr when the code fails
---       local core = require "mlxresolve.core"
---       os.execute "ip link add v0 type veth peer name v1"
---       print(core.version)
---     ]]
---     assert.equal("0.1.0\n", out)
---   end)
---
--- The code is a new luajit that finds the same modules as the spec (package.path and
--- package.cpath go along) and has its arguments in `...`. /run is an empty tmpfs and /sys
--- shows the namespace's own links. Whatever it starts is ended with it.

local shell = require("support.shell")

local netns = {}

local SETUP = [[
mount -t sysfs sysfs /sys 2>/dev/null
mount -t tmpfs tmpfs /run && mkdir -p /run/netns && ip link set lo up || exit 120
"$@"
exit $?
]]

local unshare, why

--- Can namespaces be made here?
---@return boolean|nil, string? why
function netns.available()
  if not unshare then
    unshare, why = shell.unshare()
  end
  return unshare ~= nil or nil, why
end

---@class support.Run
---@field code integer  exit code; 124 when the time ran out
---@field out string
---@field err string

---@class support.RunOptions
---@field args string[]?             the code's `...`
---@field env table<string, string>? further environment
---@field timeout number?            s, 60
---@field lua string?                the interpreter, "luajit"

local function environment(extra)
  local words = {
    "LUA_PATH=" .. shell.quote(package.path),
    "LUA_CPATH=" .. shell.quote(package.cpath),
  }
  for name, value in pairs(extra or {}) do
    words[#words + 1] = name .. "=" .. shell.quote(value)
  end
  return table.concat(words, " ")
end

--- Runs a program in a fresh namespace.
---@param argv string[]
---@param options support.RunOptions?
---@return support.Run
function netns.exec(argv, options)
  assert(netns.available())
  options = options or {}
  local folder = shell.temp_folder()
  local status = os.execute(
    ("timeout -k 1 %g %s sh -c %s sh env %s %s >%s/out 2>%s/err </dev/null"):format(
      options.timeout or 60,
      unshare,
      shell.quote(SETUP),
      environment(options.env),
      shell.command(argv),
      folder,
      folder
    )
  )
  local run = {
    code = math.floor(status / 256),
    out = shell.read(folder .. "/out"),
    err = shell.read(folder .. "/err"),
  }
  shell.remove_folder(folder)
  return run
end

--- Runs a Lua file in a fresh namespace.
---@param path string
---@param options support.RunOptions?
---@return support.Run
function netns.run_file(path, options)
  local argv = { options and options.lua or "luajit", path }
  for _, arg in ipairs(options and options.args or {}) do
    argv[#argv + 1] = arg
  end
  return netns.exec(argv, options)
end

--- Runs Lua source in a fresh namespace.
---@param source string
---@param options support.RunOptions?
---@return support.Run
function netns.run(source, options)
  local folder = shell.temp_folder()
  shell.write(folder .. "/code.lua", source)
  local run = netns.run_file(folder .. "/code.lua", options)
  shell.remove_folder(folder)
  return run
end

--- Runs Lua source and returns what it printed; raises with its stderr when it failed.
---@param source string
---@param options support.RunOptions?
---@return string out
function netns.check(source, options)
  local run = netns.run(source, options)
  if run.code ~= 0 then
    error(("the code in the namespace ended with %d:\n%s%s"):format(run.code, run.out, run.err), 2)
  end
  return run.out
end

return netns
