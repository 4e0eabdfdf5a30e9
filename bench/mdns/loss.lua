--- A link that loses a fifth of all packets each way: how many names are resolved within 3.2 s and
--- within 7.2 s of being asked for. Each name is asked for once, in a lookup of its own, and never
--- together with others: a packet that is shared would be lost for all.
---
--- With one packet per try, tries after 0, 1 and 3 s (then 7 s) and both ways lost by chance,
--- 95.3 and 98.3 of 100 come through.

local figures = require("figures")
local uv = require("luv")

local NAMES = 500
local GAP = 40 -- ms between two names
local SETTLED = 14000 -- ms until the other host has announced them all

local loss = {}

-- Asks n1 to nNAMES, one every GAP ms, each for up to 7.2 s; prints how long each took.
local ASK = [[
local core = require "mlxresolve.core"
local world = require("mlxresolve.world.real").new()
local scheduler = require("mlxresolve.scheduler").new(world)
local engine = require("mlxresolve.mdns.engine").new { world = world, scheduler = scheduler }
local left = NAMES
scheduler.on_error = function(_, problem) io.stderr:write(problem, "\n") os.exit(1) end
local function ask(i)
  local began = world:now()
  local packet = engine:ask("n" .. i .. ".local.", 1, { timeout = 7200 })
  print(packet and core.answer.data(packet)[1] and world:now() - began or "never")
  left = left - 1
  if left == 0 then engine:close() world:close() end
end
scheduler:spawn(function()
  for i = 1, NAMES do
    scheduler:spawn(ask, i)
    scheduler:sleep(GAP)
  end
end)
world:loop()
]]

-- Speaks for n1 to nNAMES as a host of ours does: an engine that publishes them all.
local ANSWER = [[
local world = require("mlxresolve.world.real").new()
local scheduler = require("mlxresolve.scheduler").new(world)
local engine = require("mlxresolve.mdns.engine").new { world = world, scheduler = scheduler }
scheduler:spawn(function()
  for i = 1, NAMES do assert(engine:publish { host = "n" .. i }) end
  scheduler:sleep(8000)
  print "announced"
  io.stdout:flush()
  scheduler:sleep(600e3)
end)
world:loop()
]]

local function with_names(code)
  return (code:gsub("NAMES", NAMES):gsub("GAP", GAP))
end

local function lua_argv(code)
  local paths = { "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath }
  return { "env", paths[1], paths[2], "luajit", "-e", code }
end

-- Where packets come in: one that is dropped on its way out is a failure that its sender sees.
local function lose(net)
  for _, host in ipairs { "master", "mini2" } do
    for _, rule in ipairs {
      "add table inet loss",
      "add chain inet loss in { type filter hook input priority 0; }",
      "add rule inet loss in iif eth0 udp dport 5353 numgen random mod 5 < 1 drop",
      "add rule inet loss in iif eth0 udp sport 5353 udp dport > 5353 numgen random mod 5 < 1 drop",
    } do
      local command = ("ip netns exec %s nft '%s'"):format(net.hosts[host].netns, rule)
      assert(net:switch(command) == 0, rule)
    end
  end
end

local function report(responder, out)
  local counts = { within = {}, never = 0 }
  local limits = { 100, 300, 1100, 3200, 7200 }
  local all = 0
  for line in out:gmatch("[^\n]+") do
    all = all + 1
    for _, limit in ipairs(limits) do
      if tonumber(line) and tonumber(line) <= limit then
        counts.within[limit] = (counts.within[limit] or 0) + 1
      end
    end
  end
  local words = {}
  for i, limit in ipairs(limits) do
    words[i] = ("%.1f %%"):format(100 * (counts.within[limit] or 0) / all)
  end
  figures.row(responder, all, unpack(words))
end

local function measure(responder, start)
  figures.on({ "master", "mini2" }, function(net)
    start(net)
    lose(net)
    report(responder, net:lua("master", with_names(ASK), { timeout = 120 }))
  end)
end

function loss.run()
  print(
    "20 % of the packets lost each way; theory says 95.3 % within 3.2 s and 98.3 % within 7.2 s"
  )
  print("")
  figures.head("who answers", "names", "0.1 s", "0.3 s", "1.1 s", "3.2 s", "7.2 s")
  measure("avahi-daemon", function(net)
    local hosts = {}
    for i = 1, NAMES do
      hosts["n" .. i .. ".local"] = ("10.98.%d.%d"):format(math.floor(i / 250), i % 250)
    end
    net:avahi("mini2", "mini2", { hosts = hosts })
    uv.sleep(SETTLED)
  end)
  measure("mlxresolve", function(net)
    local process = net:spawn("mini2", lua_argv(with_names(ANSWER)))
    process:wait_for("announced", 30)
  end)
end

return loss
