--- What becomes of names and services, on the control socket and the command line, beside real
--- responders.

local daemon = require("support.daemon")
local json = require("mlxresolve.json")
local lan = require("support.lan")
local mdns_watch = require("support.mdns_watch")

local SERVICES = { { name = "Worker 1", type = "_mlx._tcp", port = 50051, txt = { "k=v" } } }

describe("mlxresolve watch", function()
  local net, served

  before_each(function()
    net = lan.open { "master", "mini2" }
  end)
  after_each(function()
    net:close()
  end)

  local function serve(policy)
    served =
      daemon.start(net, "master", policy or [[strategies = { use("mdns"), use("localhost") }]])
    return served
  end

  local function spawn(...)
    return net:spawn("master", { daemon.program, ... })
  end

  local function watch(...)
    return spawn("watch", "--json", "--control", served.control, ...)
  end

  local function move(from, to)
    local netns = net.hosts.mini2.netns
    net:switch(("ip -n %s addr del %s/24 dev eth0"):format(netns, from))
    net:switch(("ip -n %s addr add %s/24 dev eth0"):format(netns, to))
  end

  --- The first event that has these fields.
  local function event_of(process, wanted)
    for line in process:output():gmatch("[^\n]+") do
      local event = json.decode(line)
      local fits = type(event) == "table"
      for name, value in pairs(wanted) do
        fits = fits and event[name] == value
      end
      if fits then
        return event
      end
    end
  end

  it("tells of an address change as soon as it is announced, and of a goodbye", function()
    local peer = net:avahi("mini2", "mini2")
    serve()
    local wire = net:spawn(
      "master",
      mdns_watch.argv([[
        watch(function(message)
          for _, record in ipairs(message.answers) do
            if record.type == "A" and record.data == "10.99.0.77" then
              local s, us = uv.gettimeofday()
              print(("announced %.6f"):format(s + us / 1e6))
            end
          end
        end)
        print("ready")]])
    )
    wire:wait_for("ready", 10)
    local watcher = watch("mini2.local")
    watcher:wait_for('"address":"10.99.0.12"', 10)
    move("10.99.0.12", "10.99.0.77")
    watcher:wait_for('"address":"10.99.0.77"', 10)
    wire:wait_for("announced %d+", 10)
    local heard = tonumber(wire:output():match("announced ([%d.]+)"))
    local told = event_of(watcher, { address = "10.99.0.77" })
    assert.equal("mini2.local.", told.name)
    assert.equal("announced", told.reason)
    -- some 10 ms; a busy machine keeps either of the two waiting
    assert.is_true(math.abs(told.time - heard) < 0.25, told.time - heard)
    peer:stop()
    watcher:wait_for('"event":"gone"[^\n]*"10.99.0.77"[^\n]*"reason":"goodbye"', 5)
  end)

  it("tells of what is reported dead, and of its being alive after all", function()
    net:avahi("mini2", "mini2")
    serve()
    local watcher = watch("mini2.local")
    watcher:wait_for('"address":"10.99.0.12"', 10)
    local run = served:run("failed", "mini2.local", "10.99.0.12", "--control", served.control)
    assert.equal(0, run.code, run.err)
    assert.matches("^mini2.local at 10.99.0.12: reported", run.out)
    watcher:wait_for('"event":"suspect"[^\n]*"10.99.0.12"', 5)
    watcher:wait_for('"event":"suspect".*"event":"added"[^\n]*"10.99.0.12"', 12)
  end)

  it("follows names that mDNS does not answer", function()
    local hosts = net:folder() .. "/hosts"
    net:switch("echo 192.0.2.1 a.test >" .. hosts)
    serve(('strategies = { use("hosts", { paths = { %q }, ttl = "1s" }) }'):format(hosts))
    local watcher = watch("a.test", "b.test")
    watcher:wait_for('"address":"192.0.2.1"', 10)
    net:switch("echo 192.0.2.2 a.test >" .. hosts)
    watcher:wait_for('"event":"moved"[^\n]*"192.0.2.2"[^\n]*"was":"192.0.2.1"', 10)
    net:switch("echo >" .. hosts)
    watcher:wait_for('"event":"gone"[^\n]*"192.0.2.2"', 10)
  end)

  it("ends with 5 when the daemon goes, however it goes", function()
    for _, signal in ipairs { "TERM", "KILL" } do
      serve()
      local watcher = net:spawn("master", {
        "sh",
        "-c",
        ('%s watch localhost --control %s; echo "code $?"'):format(daemon.program, served.control),
      })
      watcher:wait_for("127.0.0.1", 10)
      net:switch(("kill -%s %d"):format(signal, served.pid))
      watcher:wait_for("code 5", 5)
      assert.matches("nothing is watched any more", watcher:output())
    end
  end)

  it("works without a daemon, and ends with 130 on Ctrl-C", function()
    net:avahi("mini2", "mini2")
    local watcher = net:spawn("master", {
      "sh",
      "-c",
      ('%s watch mini2.local & echo "pid $!"; wait $!; echo "code $?"'):format(daemon.program),
    })
    watcher:wait_for("%+ mini2%.local  10%.99%.0%.12  eth0  mdns  added %(resolved%)", 10)
    assert.matches("no daemon at /run/mlxresolve.sock; running .*home.lua here", watcher:output())
    net:switch("kill -INT " .. watcher:output():match("pid (%d+)"))
    watcher:wait_for("code 130", 5)
  end)

  it("ends when nobody reads what it says", function()
    local hosts = net:folder() .. "/hosts"
    net:switch("echo 192.0.2.1 a.test >" .. hosts)
    serve(('strategies = { use("hosts", { paths = { %q }, ttl = "1s" }) }'):format(hosts))
    local pipeline = net:spawn("master", {
      "sh",
      "-c",
      ('%s watch a.test --control %s | head -1; echo "ended"'):format(
        daemon.program,
        served.control
      ),
    })
    pipeline:wait_for("%+ a.test  192.0.2.1", 10)
    net:switch("echo 192.0.2.2 a.test >" .. hosts)
    pipeline:wait_for("ended", 10)
  end)

  it("lets go of what nobody watches any more", function()
    serve()
    local watcher = net:spawn("master", {
      "sh",
      "-c",
      ('%s watch localhost --control %s & echo "pid $!"; wait $!'):format(
        daemon.program,
        served.control
      ),
    })
    watcher:wait_for("127.0.0.1", 10)
    assert.equal(1, #served:status().watches)
    net:switch("kill -KILL " .. watcher:output():match("pid (%d+)"))
    -- the next empty line to it is within five seconds
    local deadline = os.time() + 12
    while #served:status().watches > 0 and os.time() < deadline do
      net:exec("master", { "sleep", "0.2" })
    end
    assert.same({}, served:status().watches)
  end)

  it("keeps going beside a client that does not read", function()
    serve()
    local deaf = net:spawn("master", {
      "luajit",
      "-e",
      ([[
        package.cpath = %q
        local uv = require "luv"
        local pipe = uv.new_pipe(false)
        pipe:connect(%q, function()
          pipe:write("GET /v1/browse HTTP/1.1\r\nHost: x\r\n\r\n")
          print("asked")
        end)
        io.stdout:setvbuf("no")
        uv.run()]]):format(package.cpath, served.control),
    })
    deaf:wait_for("asked", 10)
    local run, shown = served:query("localhost", "A")
    assert.equal(0, run.code, run.err)
    assert.equal("answer", shown.status)
    assert.equal(0, served:stop())
  end)

  describe("of services", function()
    it("shows what the daemon knows, at once, and its end", function()
      local peer = net:avahi("mini2", "mini2", { services = SERVICES })
      peer:wait_for('Service "Worker 1" .- successfully established', 10)
      serve()
      local browser = spawn("browse", "_mlx._tcp", "--control", served.control)
      browser:wait_for("%+ Worker 1  eth0  mini2%.local:50051  10%.99%.0%.12", 10)
      local run = served:run("browse", "_mlx._tcp", "--once", "--json", "--control", served.control)
      local found = json.decode(run.out:match("[^\n]+"))
      assert.equal("added", found.event)
      assert.same({ k = "v" }, found.txt)
      peer:stop()
      browser:wait_for("%- Worker 1 gone %(goodbye%)", 5)
      assert.equal(0, served:stop())
      browser:wait_for("nothing is browsed any more", 5)
    end)
  end)
end)
