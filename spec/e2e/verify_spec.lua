--- The hosts of names in use, looked after in the background: real avahi peers that move without a
--- word, since whatever they say by multicast is dropped.

local lan = require("support.lan")
local shell = require("support.shell")
local uv = require("luv")

-- Prints what the cache has for mini2.local, whenever that has changed, and when; asks nothing.
local WATCHER = [[
local mlx = require("mlxresolve")
local uv = require("luv")
local use = mlx.use
io.stdout:setvbuf("line")
local resolver = assert(mlx.open(mlx.policy {
  cache = { stale = "1d" },
  strategies = { use("mdns", { zones = { "local" } }) },
  reactions = { use("verify") },
  peers = { "mini2.local:50051" },
}))
local last
uv.new_timer():start(0, 5, function()
  local entry = resolver:list({ name = "mini2.local", type = "A" })[1]
  local data = entry and not entry.stale and table.concat(entry.data, " ") or "-"
  if data ~= last then
    last = data
    print(("at %.0f: %s"):format(uv.hrtime() / 1e6, data))
  end
end)
uv.run()
]]

local DROP = "add table inet t; add chain inet t output { type filter hook output priority 0; }; "
  .. "add rule inet t output ip daddr 224.0.0.251 drop; "
  .. "add rule inet t output ip6 daddr ff02::fb drop"

local ROUNDS = 3

describe("verify, beside real hosts", function()
  local net

  teardown(function()
    if net then
      net:close()
    end
  end)

  it("has the new address of a host that moved unheard within two seconds, unasked", function()
    net = lan.open { "master", "mini2" }
    assert.equal(0, net:exec("mini2", { "nft", DROP }).code)
    net:avahi("mini2", "mini2")
    local file = net:folder() .. "/watcher.lua"
    shell.write(file, WATCHER)
    local paths = { "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath }
    local watcher = net:spawn("master", { "env", paths[1], paths[2], "luajit", file })
    watcher:wait_for(": 10%.99%.0%.12\n", 20)
    local namespace, old, times = net.hosts.mini2.netns, "10.99.0.12", {}
    for i = 1, ROUNDS do
      local new = "10.99.0." .. 100 + i
      uv.sleep(1200 + 300 * i) -- at another moment between two questions
      local began = uv.hrtime() / 1e6
      local change = "ip -n %s addr del %s/24 dev eth0; ip -n %s addr add %s/24 dev eth0"
      net:switch(change:format(namespace, old, namespace, new))
      local pattern = "at (%d+): " .. new:gsub("%.", "%%.") .. "\n"
      watcher:wait_for(pattern, 15)
      times[i] = tonumber(watcher:output():match(pattern)) - began
      old = new
    end
    table.sort(times)
    local median = times[math.ceil(ROUNDS / 2)]
    assert.is_true(median < 2000, ("found after %.0f ms"):format(median))
    assert.is_nil(watcher:output():find("10.99.0.%d+ 10.99"), "never two addresses at once")
  end)
end)
