local lan = require("support.lan")
local resolved = require("support.resolved")

-- An engine in the real world; `main` runs in a task and the program ends with it. `ask` returns
-- the addresses, or the status or code, and the milliseconds that it took.
local PRELUDE = [[
local core = require "mlxresolve.core"
local uv = require "luv"
local world = require("mlxresolve.world.real").new()
local scheduler = require("mlxresolve.scheduler").new(world)
local flushed = {}
local cache = { flush = function(_, _, filter) flushed[#flushed + 1] = filter.name end }
local engine = require("mlxresolve.mdns.engine").new {
  world = world, scheduler = scheduler, cache = cache,
}
local function ask(name, type, options)
  local began = uv.hrtime()
  local packet, status, ttl, interface = engine:ask(name, core.wire.type_number(type), options)
  local ms = (uv.hrtime() - began) / 1e6
  if not packet then return ttl, ms, status end
  local data = core.answer.data(packet)
  table.sort(data)
  return status == "answer" and table.concat(data, " ") or status, ms, ttl, interface
end
local function main(fn)
  scheduler.on_error = function(_, problem) io.stderr:write(problem, "\n") os.exit(1) end
  scheduler:spawn(function()
    fn()
    engine:close()
    world:close()
  end)
  world:loop()
end
]]

-- The same with a policy of one strategy.
local POLICY = [[
local mlx = require "mlxresolve"
local strategy = mlx.use("%s", { timeout = "4s" })
local resolver = assert(mlx.open(mlx.policy { strategies = { strategy } }))
local left = 0
local function resolve(name, type)
  left = left + 1
  resolver:resolve(name, { types = { type } }, function(result, message, code)
    local first = result and result.addresses[1]
    print(type, first and first.address or result and result.status or code,
      first and first.interface, first and first.strategy, message)
    left = left - 1
    if left == 0 then resolver:close() end
  end)
end
]]

local net

local function run(code)
  return net:lua("master", PRELUDE .. code)
end

local function start(code)
  local paths = { "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath }
  return net:spawn("master", { "env", paths[1], paths[2], "luajit", "-e", PRELUDE .. code })
end

describe("mDNS beside one host", function()
  setup(function()
    net = lan.open { "master", "mini2" }
    net:avahi("mini2", "mini2", {
      services = { { name = "worker", type = "_mlx._tcp", port = 50051, txt = { "model=x" } } },
    })
  end)
  teardown(function()
    net:close()
  end)

  it("finds the host in both families, with its time to live", function()
    local out = run([[main(function()
      local four, _, ttl, interface = ask("mini2.local.", "A")
      print(four, ttl, interface)
      local six, ms = ask("mini2.local.", "AAAA")
      print(six, ms < 1)
    end)]])
    assert.equal("10.99.0.12\t120\t2\nfd99::c\ttrue\n", out)
  end)

  it("takes at most 3 ms for a name that it does not know, as a median of 50", function()
    local out = run([[main(function()
      local times = {}
      for i = 1, 50 do
        engine:forget {}
        local found, ms = ask("mini2.local.", "A")
        assert(found == "10.99.0.12", found)
        times[i] = ms
      end
      table.sort(times)
      print(times[25])
    end)]])
    assert.is_true(tonumber(out) <= 3, out)
  end)

  it("says after the time is over that nobody has answered", function()
    local out = run([[main(function()
      local code, ms, message = ask("nobody.local.", "A", { timeout = 400 })
      print(code, message, ms >= 400 and ms < 500)
    end)]])
    assert.equal("ENOTFOUND\tno answer on eth0 (2 questions)\ttrue\n", out)
  end)

  it("finds the host's services", function()
    local out = run([[main(function()
      for _ = 1, 20 do
        if ask("_mlx._tcp.local.", "PTR", { timeout = 200 }) ~= "ENOTFOUND" then break end
      end
      print((ask("_mlx._tcp.local.", "PTR")))
      print((ask("worker._mlx._tcp.local.", "SRV")))
      print((ask("worker._mlx._tcp.local.", "TXT")))
    end)]])
    local expected = 'worker._mlx._tcp.local.\n0 0 50051 mini2.local.\n"model=x"\n'
    assert.equal(expected, out)
  end)

  it("answers through a policy", function()
    local out = net:lua(
      "master",
      POLICY:format("mdns") .. [[resolve("mini2.local", "A") resolver.world:loop()]]
    )
    assert.equal("A\t10.99.0.12\teth0\tmdns\tnil\n", out)
  end)

  describe("and an avahi-daemon of its own that holds port 5353", function()
    setup(function()
      net:avahi("master", "master")
    end)

    it("finds both hosts [RFC 6762 15.1: shared port]", function()
      local out = run([[main(function()
        for i = 1, 20 do
          engine:forget {}
          local found, ms = ask("mini2.local.", "A")
          assert(found == "10.99.0.12" and ms < 100, found .. " " .. ms)
        end
        print((ask("master.local.", "A")))
      end)]])
      assert.equal("10.99.0.11\n", out)
    end)

    it("can ask that daemon", function()
      local policy = POLICY:format("native_mdns")
      local out = net:lua("master", policy .. [[resolve("mini2.local", "A") resolver.world:loop()]])
      assert.equal("A\t10.99.0.12\teth0\tnative_mdns\tnil\n", out)
      out = net:lua("master", policy .. [[resolve("mini2.local", "AAAA") resolver.world:loop()]])
      assert.matches("^AAAA\t[%x:]+.*\teth0\tnative_mdns\tnil\n$", out)
    end)
  end)
end)

describe("mDNS beside systemd-resolved", function()
  it("can ask that", function()
    local path, why = resolved.available()
    if not path then
      return pending(why)
    end
    net = lan.open { "master", "mini2" }
    finally(function()
      net:close()
    end)
    net:avahi("mini2", "mini2")
    resolved.start(net, "master")
    local policy = POLICY:format("native_mdns")
    local code = policy .. [[resolve("mini2.local", "A") resolver.world:loop()]]
    assert.equal("A\t10.99.0.12\teth0\tnative_mdns\tnil\n", net:lua("master", code))
    code = policy .. [[resolve("mini2.local", "AAAA") resolver.world:loop()]]
    assert.matches("^AAAA\t[%x:]+.*\teth0\tnative_mdns\tnil\n$", net:lua("master", code))
  end)
end)

describe("mDNS on a network", function()
  before_each(function()
    net = lan.open { "master", "mini2" }
  end)
  after_each(function()
    net:close()
  end)

  it("does not wait for a family that the host does not have", function()
    net:avahi("mini2", "mini2", {
      publish = { ["publish-aaaa-on-ipv4"] = "no" },
      server = { ["use-ipv6"] = "no" },
    })
    local out = run([[main(function()
      local six, ms, ttl = ask("mini2.local.", "AAAA")
      print(six, ttl, ms < 100)
      print((ask("mini2.local.", "A")))
    end)]])
    assert.equal("nodata\t10\ttrue\n10.99.0.12\n", out)
  end)

  it("finds a host though the first question was lost", function()
    net:avahi("mini2", "mini2")
    local nft = "ip netns exec " .. net.hosts.mini2.netns .. " nft "
    local rules = {
      "add table inet t",
      "'add chain inet t in { type filter hook input priority 0; }'",
      "'add rule inet t in udp dport 5353 numgen inc mod 1000000 < 2 drop'",
    }
    for _, rule in ipairs(rules) do
      assert.equal(0, net:switch(nft .. rule))
    end
    local out = run([[main(function()
      local found, ms = ask("mini2.local.", "A")
      print(found, ms > 240 and ms < 400)
    end)]])
    assert.equal("10.99.0.12\ttrue\n", out)
  end)

  it("finds a host that answered before though no multicast reaches it any more", function()
    net:avahi("mini2", "mini2")
    local nft = "ip netns exec " .. net.hosts.mini2.netns .. " nft "
    local watcher = start([[main(function()
      io.stdout:setvbuf "no"
      print("first", (ask("mini2.local.", "A")))
      while not io.open("/run/deaf") do scheduler:sleep(10) end
      engine:forget {}
      local found, ms = ask("mini2.local.", "A")
      print("again", found, ms > 240 and ms < 400)
    end)]])
    watcher:wait_for("first\t10%.99%.0%.12")
    for _, rule in ipairs {
      "add table inet t",
      "'add chain inet t in { type filter hook input priority 0; }'",
      "'add rule inet t in meta pkttype multicast udp dport 5353 drop'",
    } do
      assert.equal(0, net:switch(nft .. rule))
    end
    net:exec("master", { "touch", "/run/deaf" })
    watcher:wait_for("again\t10%.99%.0%.12\ttrue")
  end)

  it("hears that a host has left, and finds it where it comes back", function()
    local daemon = net:avahi("mini2", "mini2")
    local watcher = start([[main(function()
      io.stdout:setvbuf "no"
      print("first", (ask("mini2.local.", "A")))
      for _ = 1, 500 do
        if #flushed > 0 then break end
        scheduler:sleep(10)
      end
      print("left", flushed[1])
      scheduler:sleep(1100)
      print("gone", (ask("mini2.local.", "A", { timeout = 300 })))
      for _ = 1, 100 do
        local found = ask("mini2.local.", "A", { timeout = 200 })
        if found ~= "ENOTFOUND" then print("back", found) break end
      end
    end)]])
    watcher:wait_for("first\t10%.99%.0%.12")
    daemon:stop()
    watcher:wait_for("left\tmini2%.local%.")
    watcher:wait_for("gone\tENOTFOUND")
    local move =
      "ip -n NS addr del 10.99.0.12/24 dev eth0; ip -n NS addr add 10.99.0.77/24 dev eth0"
    net:switch((move:gsub("NS", net.hosts.mini2.netns)))
    net:avahi("mini2", "mini2")
    watcher:wait_for("back\t10%.99%.0%.77", 10)
  end)

  it("follows a host whose address changes while it runs", function()
    net:avahi("mini2", "mini2")
    local watcher = start([[main(function()
      io.stdout:setvbuf "no"
      print("first", (ask("mini2.local.", "A")))
      for _ = 1, 1000 do
        local found = ask("mini2.local.", "A", { timeout = 200 })
        if found == "10.99.0.77" then print("now", found, #flushed > 0) break end
        scheduler:sleep(10)
      end
    end)]])
    watcher:wait_for("first\t10%.99%.0%.12")
    local move =
      "ip -n NS addr del 10.99.0.12/24 dev eth0; ip -n NS addr add 10.99.0.77/24 dev eth0"
    net:switch((move:gsub("NS", net.hosts.mini2.netns)))
    watcher:wait_for("now\t10%.99%.0%.77\ttrue", 10)
  end)

  it("finds hosts though an avahi-daemon came to share port 5353 after it", function()
    net:avahi("mini2", "mini2")
    local watcher = start([[main(function()
      io.stdout:setvbuf "no"
      print("first", (ask("mini2.local.", "A")))
      while not io.open("/run/avahi-daemon/pid") do scheduler:sleep(10) end
      scheduler:sleep(1000)
      local worst = 0
      for _ = 1, 5 do
        engine:forget {}
        local found, ms = ask("mini2.local.", "A")
        assert(found == "10.99.0.12", found)
        worst = math.max(worst, ms)
        scheduler:sleep(100)
      end
      print("worst", worst < 400)
    end)]])
    watcher:wait_for("first\t10%.99%.0%.12")
    net:avahi("master", "master")
    watcher:wait_for("worst\ttrue", 10)
  end)

  it("works again when the cable was pulled and put back", function()
    net:avahi("mini2", "mini2")
    local watcher = start([[main(function()
      io.stdout:setvbuf "no"
      print("before", (ask("mini2.local.", "A")))
      for _ = 1, 500 do
        if engine:stats().records == 0 then break end
        scheduler:sleep(10)
      end
      local code, _, why = ask("mini2.local.", "A", { timeout = 100 })
      print("pulled", code, why)
      for _ = 1, 100 do
        local found = ask("mini2.local.", "A", { timeout = 200 })
        if found:find "^10" then print("after", found) break end
        scheduler:sleep(20)
      end
    end)]])
    watcher:wait_for("before\t10%.99%.0%.12")
    net:switch("ip link set p1 down")
    watcher:wait_for("pulled\tENOTFOUND\tno answer on lo")
    net:switch("ip link set p1 up")
    watcher:wait_for("after\t10%.99%.0%.12", 10)
  end)
end)
