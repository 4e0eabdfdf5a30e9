-- A name of another host, cold and cached, beside a bare packet and avahi's own resolver, in one
-- run. Hosts are namespaces on a bridge. Run in the project's folder after a build:
--
--   luajit bench/mdns.lua [TIMES]
package.path = "./lua/?.lua;./lua/?/init.lua;./spec/?.lua;" .. package.path
package.cpath = "./build/?.so;" .. package.cpath

local lan = require("support.lan")

local TIMES = tonumber(arg[1]) or 50

-- Runs on the host that asks; prints one number of ms a line.
local ASK_BARE = [[
local core, uv = require "mlxresolve.core", require "luv"
local socket = uv.new_udp()
socket:bind("0.0.0.0", 0)
local query = core.wire.encode { questions = { { name = "mini2.local.", type = "A" } } }
local began
local left = TIMES
local function ask()
  began = uv.hrtime()
  socket:send(query, "224.0.0.251", 5353, function() end)
end
socket:recv_start(function(_, data)
  if not data then return end
  print((uv.hrtime() - began) / 1e6)
  left = left - 1
  if left == 0 then socket:close() os.exit(0) end
  local pause = uv.new_timer()
  pause:start(20, 0, function() pause:close() ask() end)
end)
ask()
uv.run()
]]

local ASK_DNS = [[
local core, uv = require "mlxresolve.core", require "luv"
local socket = uv.new_udp()
local query = core.wire.encode { id = 7, recursion_desired = true,
  questions = { { name = "mini2.local.", type = "A" } } }
local began
local left = TIMES
local function ask()
  began = uv.hrtime()
  socket:send(query, "127.0.0.1", 5453, function() end)
end
socket:recv_start(function(_, data)
  if not data then return end
  print((uv.hrtime() - began) / 1e6)
  left = left - 1
  if left == 0 then os.exit(0) end
  ask()
end)
ask()
uv.run()
]]

local function numbers(text)
  local list = {}
  for number in text:gmatch("%d+%.?%d*[e%d%-]*") do
    list[#list + 1] = tonumber(number)
  end
  return list
end

local function report(name, list, note)
  if #list == 0 then
    print(("| %s | nothing measured | |"):format(name))
    return
  end
  table.sort(list)
  local text = "| %s | %.3f [%.3f-%.3f] | %s |"
  print(text:format(name, list[math.ceil(#list / 2)], list[1], list[#list], note or ""))
  return list[math.ceil(#list / 2)]
end

local net = lan.open { "master", "mini2" }
local ok, problem = xpcall(function()
  net:avahi("mini2", "mini2")
  local cwd = assert(io.popen("pwd")):read("*l")
  local folder = net:folder()
  local path = folder .. "/policy.lua"
  local file = assert(io.open(path, "w"))
  file:write([[
local mlx = require("mlxresolve")
return mlx.policy { listen = { "127.0.0.1:5453" }, control = "]] .. folder .. [[/control",
  strategies = { mlx.use("literal"), mlx.use("localhost"), mlx.use("hosts"), mlx.use("mdns") } }
]])
  file:close()
  local bare = net:lua("master", (ASK_BARE:gsub("TIMES", TIMES)))
  local daemon = net:spawn("master", { cwd .. "/build/mlxresolve", "run", path })
  daemon:wait_for("strategies", 5)
  local cold = {}
  for _ = 1, TIMES do
    net:exec(
      "master",
      { cwd .. "/build/mlxresolve", "cache", "flush", "--control", folder .. "/control" }
    )
    local run = net:exec("master", {
      cwd .. "/build/mlxresolve",
      "query",
      "mini2.local",
      "A",
      "--json",
      "--control",
      folder .. "/control",
    })
    cold[#cold + 1] = tonumber(run.out:match('"ms":([%d.e-]+)'))
    assert(run.out:match('"cached":false'), run.out .. run.err)
  end
  local cached = net:lua("master", (ASK_DNS:gsub("TIMES", TIMES * 10)))
  print(("a name of another host, %d times | median ms [min-max] |"):format(TIMES))
  print("|---|---|---|")
  local floor = report("a bare packet there and back", numbers(bare))
  local ours = report("mlxresolve, cold (`ms` of query)", cold)
  report("mlxresolve, cached, a round trip through DNS", numbers(cached))
  if floor and ours then
    print(("cold is %.1f times the bare packet"):format(ours / floor))
  end
end, debug.traceback)
net:close()
if not ok then
  io.stderr:write(problem, "\n")
  os.exit(1)
end
