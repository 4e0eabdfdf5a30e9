--- A machine that is switched off, carried to another network and switched on again, with its cache
--- on disk and beside a real Avahi.

local daemons = require("support.daemon")
local lan = require("support.lan")
local uv = require("luv")

local PATIENCE = 5 -- s; only a failing spec waits that long

describe("a machine that is switched off and on", function()
  local net, peer, daemon, policy

  before_each(function()
    net = lan.open { "master", "mini2" }
    policy = ('cache = { persist = "%s/cache" }, strategies = { use("mdns") },'):format(
      net:folder()
    )
    peer = net:avahi("mini2", "mini2")
    daemon = daemons.start(net, "master", policy)
    assert.same({ "10.99.0.12" }, daemon:dig("mini2.local", "A").answers)
    local till = uv.hrtime() + PATIENCE * 1e9
    repeat
      assert(uv.hrtime() < till, "not written")
      uv.sleep(20)
    until daemon:status().persistence.entries > 0
    assert.equal(0, daemon:stop())
  end)
  after_each(function()
    daemon:stop()
    net:close()
  end)

  local function on_master(command)
    assert.equal(0, net:switch("ip -n " .. net.hosts.master.netns .. " " .. command))
  end

  -- Addresses of the network before were served until their TTL ran out.
  it("says nothing of the network before in another one", function()
    peer:stop()
    on_master("addr flush dev eth0 scope global")
    on_master("addr add 192.168.77.1/24 dev eth0")
    daemon = daemons.start(net, "master", policy)
    local reply = daemon:dig("mini2.local", "A")
    assert.same({ "NXDOMAIN", {} }, { reply.status, reply.answers })
  end)

  it("serves at once what it knew, and looks into it", function()
    daemon = daemons.start(net, "master", policy)
    local reply = daemon:dig("mini2.local", "A")
    assert.same({ "10.99.0.12" }, reply.answers)
    local till = uv.hrtime() + PATIENCE * 1e9
    repeat
      assert(uv.hrtime() < till, "it is in doubt still")
      uv.sleep(20)
      local listed = daemon:run("cache", "ls", "--control", daemon.control).out
    until not listed:find("suspect", 1, true)
  end)
end)
