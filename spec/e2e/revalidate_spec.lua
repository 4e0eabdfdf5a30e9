--- Changes of this machine's own network, beside a real avahi peer.

local daemon = require("support.daemon")
local lan = require("support.lan")
local shell = require("support.shell")
local uv = require("luv")

local ROUNDS = 3
local WRONG, FOREIGN = "10.99.0.12", "10.88.0.1"

-- Asks for mini2.local every 4 ms; half a second later, runs a command that changes the network.
-- Prints for how many ms after its end there were answers with the wrong address, of how many.
local ASKER = [[
local core = require("mlxresolve.core")
local uv = require("luv")
local wrong, command = ...
local socket, answers, last, changed_at = uv.new_udp(), 0, 0, 0
local question = assert(core.wire.encode {
  id = 7,
  recursion_desired = true,
  questions = { { name = "mini2.local.", type = "A", class = "IN" } },
})
socket:bind("127.0.0.1", 0)
socket:recv_start(function(_, data)
  local message = data and core.wire.decode(data)
  answers = answers + (message and 1 or 0)
  for _, record in ipairs(message and message.answers or {}) do
    if record.data == wrong then
      last = uv.hrtime() / 1e6
    end
  end
end)
uv.new_timer():start(0, 4, function()
  socket:send(question, "127.0.0.1", 5453)
end)
uv.new_timer():start(500, 0, function()
  uv.spawn("sh", { args = { "-c", command } }, function()
    changed_at = uv.hrtime() / 1e6
  end)
end)
uv.new_timer():start(2500, 0, function()
  print(("wrong for %.0f ms of %d"):format(last - changed_at, answers))
  os.exit(0)
end)
uv.run()
]]

local POLICY = [[
strategies = { use("mdns", { zones = { "local" } }) },
cache = { stale = STALE },
]]

describe("changes of the network, beside real hosts", function()
  local net, running

  before_each(function()
    net = lan.open { "master", "mini2" }
    net:avahi("mini2", "mini2")
  end)

  after_each(function()
    net:close()
  end)

  local function start(stale)
    running = daemon.start(net, "master", (POLICY:gsub("STALE", stale or '"0s"')))
  end

  local function address()
    return running:dig("mini2.local", "A").answers[1]
  end

  local function eventually(wanted, seconds)
    local give_up = uv.hrtime() + (seconds or 10) * 1e9
    repeat
      if address() == wanted then
        return true
      end
      uv.sleep(50)
    until uv.hrtime() > give_up
    return false
  end

  it("never serve an address of a network that was left, after 200 ms", function()
    start()
    local file = net:folder() .. "/asker.lua"
    shell.write(file, ASKER)
    local paths = { "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath }
    local namespace, own = net.hosts.master.netns, net:address("master")
    local change = "ip addr add %s/24 dev eth0; ip addr del %s/24 dev eth0"
    for round = 1, ROUNDS do
      assert.is_true(eventually(WRONG), "round " .. round)
      local argv = { "env", paths[1], paths[2], "luajit", file, WRONG, change:format(FOREIGN, own) }
      local asker = net:spawn("master", argv)
      asker:wait_for("wrong for [-%d]+ ms of %d+", 10)
      local last, count = asker:output():match("wrong for ([-%d]+) ms of (%d+)")
      assert.is_true(tonumber(count) > 100, count)
      assert.is_true(tonumber(last) < 200, last)
      net:switch("ip netns exec " .. namespace .. " sh -c '" .. change:format(own, FOREIGN) .. "'")
    end
  end)

  local function cpu_ms()
    local stat = net:exec("master", { "cat", ("/proc/%d/stat"):format(running.pid) }).out
    local user, system = stat:match("^%d+ %b() %S+ " .. ("%S+ "):rep(10) .. "(%d+) (%d+)")
    return (tonumber(user) + tonumber(system)) * 10
  end

  it("are one when a link flaps a hundred times, and cost little and no name", function()
    start()
    assert.is_true(eventually(WRONG))
    local before, began = cpu_ms(), uv.hrtime() / 1e6
    local changes = running:status().network_changes
    local flap = "ip link set p1 down; sleep 0.04; ip link set p1 up; sleep 0.04"
    local done = net:folder() .. "/done"
    net:switch(("{ for i in $(seq 100); do %s; done; touch %s; } &"):format(flap, done))
    while not shell.read(done) do
      uv.sleep(20)
    end
    local spent, took = cpu_ms() - before, uv.hrtime() / 1e6 - began
    assert.is_true(spent / took < 0.05, ("%d ms of %d"):format(spent, took))
    assert.is_true(eventually(WRONG, 5))
    uv.sleep(1500)
    assert.equal(WRONG, address())
    assert.equal(1, running:status().network_changes - changes)
  end)

  it("leave what is known as stale answers while there is no network", function()
    start('"1h"')
    assert.is_true(eventually(WRONG))
    net:switch("ip link set p1 down")
    local give_up, reply = uv.hrtime() + 3e9
    repeat
      reply = running:dig("mini2.local", "A")
      uv.sleep(20)
    until reply.ttls[1] == 30 or uv.hrtime() > give_up
    assert.equal(WRONG, reply.answers[1])
    local began = uv.hrtime() / 1e6
    assert.is_nil(running:dig("mini9.local", "A").answers[1])
    assert.is_true(uv.hrtime() / 1e6 - began < 1000)
    net:switch("ip link set p1 up")
    assert.is_true(eventually(WRONG, 5))
  end)
end)
