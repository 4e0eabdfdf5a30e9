--- Three stacks on one link: an avahi-daemon, an mdnsd, and this program. Each finds the others,
--- and nobody loses his name without a cause.

local bus = require("support.system_bus")
local daemon = require("support.daemon")
local lan = require("support.lan")
local mdns_watch = require("support.mdns_watch")
local mdnsd = require("support.mdnsd")
local uv = require("luv")

local MINE = [[
strategies = { use("mdns", { timeout = "2s" }) },
observers = { use("publish", {
  host = "master", service = "_mlx._tcp", port = 50051, instance = "mine", txt = { k = "v" },
}) },
]]

local net

local function has_no_peers()
  local why = bus.missing() or mdnsd.missing()
  return why and pending(why) and true
end

local function eventually(seconds, fn)
  local give_up = uv.hrtime() + seconds * 1e9
  local last
  repeat
    local found
    found, last = fn()
    if found then
      return found
    end
    uv.sleep(20)
  until uv.hrtime() > give_up
  error("not within " .. seconds .. " s; last:\n" .. tostring(last), 2)
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  table.sort(lines)
  return lines
end

local function contains_all(text, wanted)
  for _, part in ipairs(wanted) do
    if not text:find(part, 1, true) then
      return false, text
    end
  end
  return true, text
end

describe("an avahi-daemon, an mdnsd and this program on a link", function()
  local running, avahi, other
  local has_all = not (bus.missing() or mdnsd.missing())

  setup(function()
    if not has_all then
      return
    end
    net = lan.open { "master", "mini2", "mini3" }
    bus.start(net, "mini2")
    avahi = net:avahi("mini2", "mini2", {
      server = { ["enable-dbus"] = "yes" },
      services = { { name = "worker", type = "_mlx._tcp", port = 50052, txt = { "m=x" } } },
    })
    other = net:mdnsd("mini3", "mini3", { { type = "_mlx._tcp", port = 8080, txt = { "a=b" } } })
    running = daemon.start(net, "master", MINE)
  end)
  teardown(function()
    if has_all then
      net:close()
    end
  end)

  it("this program browses and resolves both others", function()
    if has_no_peers() then
      return
    end
    local found = eventually(5, function()
      local run = running:run("browse", "_mlx._tcp", "--once")
      local lines = lines_of(run.out)
      return #lines == 3 and lines, run.out .. run.err
    end)
    assert.same({
      "+ mine  eth0  master.local:50051  10.99.0.11 fd99::b  k=v",
      "+ mini3  eth0  mini3.local:8080  10.99.0.13 fd99::d  a=b",
      "+ worker  eth0  mini2.local:50052  10.99.0.12 fd99::c  m=x",
    }, found)
    assert.same({ "10.99.0.12" }, running:dig("mini2.local", "A").answers)
    assert.same({ "10.99.0.13" }, running:dig("mini3.local", "A").answers)
    assert.same({ "fd99::d" }, running:dig("mini3.local", "AAAA").answers)
  end)

  it("Avahi browses and resolves both others", function()
    if has_no_peers() then
      return
    end
    eventually(5, function()
      local run = net:exec("mini2", { "avahi-browse", "-rpt", "--no-db-lookup", "_mlx._tcp" })
      return contains_all(run.out .. run.err, {
        "=;eth0;IPv4;mine;_mlx._tcp;local;master.local;10.99.0.11;50051;",
        "=;eth0;IPv4;mini3;_mlx._tcp;local;mini3.local;10.99.0.13;8080;",
      })
    end)
    for _, name in ipairs { "master", "mini3" } do
      local run = net:exec("mini2", { "avahi-resolve", "-4n", name .. ".local" })
      assert.equal(("%s.local\t%s\n"):format(name, net:address(name)), run.out .. run.err)
    end
  end)

  it("mdnsd's tool browses and resolves both others", function()
    if has_no_peers() then
      return
    end
    eventually(10, function()
      return contains_all(mdnsd.query(net, "mini3", "_mlx._tcp.local."), {
        "+ mine._mlx._tcp.local. (10.99.0.11)",
        "+ worker._mlx._tcp.local. (10.99.0.12)",
      })
    end)
    eventually(10, function()
      local found = mdnsd.query(net, "mini3", "mine._mlx._tcp.local.", 33)
      return found:find("to master.local.:50051", 1, true), found
    end)
  end)

  it("nobody has renamed himself", function()
    if has_no_peers() then
      return
    end
    assert.is_nil(running.process:output():find("trying", 1, true))
    assert.is_nil(running.process:output():find("otherwise", 1, true))
    assert.is_nil(avahi:output():find("onflict", 1, true))
    assert.is_nil(other:output():find("onflict", 1, true))
    local run = running:run("browse", "--once")
    assert.is_nil(run.out:find("-2", 1, true), run.out)
  end)
end)

-- Says again, from another host, every response that it hears from master: as it is, and with
-- the records in the order of last to first. A repeater of multicast does the first, a host that
-- answers with the same data the second.
local REPEATER = [[
  local count = 0
  watch(function(message, from)
    if message.response and from == "10.99.0.11" and count < 200 then
      count = count + 1
      local turned = {}
      for i = #message.answers, 1, -1 do turned[#turned + 1] = message.answers[i] end
      for _, answers in ipairs { message.answers, turned } do
        local again = { response = true, authoritative = true, answers = answers }
        socket:send(core.wire.encode(again, { mdns = true }), "224.0.0.251:5353", index)
      end
      print("again", count)
    elseif not message.response and from == "10.99.0.11" and #message.authorities > 0 then
      local again = { questions = message.questions, authorities = message.authorities }
      socket:send(core.wire.encode(again, { mdns = true }), "224.0.0.251:5353", index)
      print("probe again")
    end
  end)
  print "ready"
]]

describe("a name that is ours", function()
  before_each(function()
    net = lan.open { "master", "mini2" }
  end)
  after_each(function()
    net:close()
  end)

  local function keeps_its_name(running)
    local run = running:run("browse", "_mlx._tcp", "--once")
    assert.matches("%+ mine  eth%d  master.local:50051  10.99.0", run.out .. run.err)
    assert.is_nil(running.process:output():find("trying", 1, true), running.process:output())
    assert.is_nil(running.process:output():find("otherwise", 1, true), running.process:output())
  end

  it("stays ours though everything we say is said again by another host", function()
    local repeater = net:spawn("mini2", mdns_watch.argv(REPEATER))
    repeater:wait_for("ready")
    local running = daemon.start(net, "master", MINE)
    repeater:wait_for("probe again")
    repeater:wait_for("again\t3", 10)
    running:dig("master.local", "A")
    keeps_its_name(running)
  end)

  it("stays ours on two cables to one link", function()
    local master = net.hosts.master.netns
    net:switch(([[
      ip link add p9 type veth peer name eth1 netns %s
      echo 1 >/proc/sys/net/ipv6/conf/p9/disable_ipv6
      ip link set p9 master br0 up
      ip -n %s link set eth1 up
      ip -n %s addr add 10.99.0.99/24 dev eth1
      ip -n %s addr add fd99::99/64 dev eth1 nodad
    ]]):format(master, master, master, master))
    local running = daemon.start(net, "master", MINE)
    eventually(8, function()
      local run = net:exec("mini2", { daemon.program, "query", "master.local" })
      return contains_all(run.out .. run.err, { "10.99.0.11", "10.99.0.99" })
    end)
    uv.sleep(1000)
    keeps_its_name(running)
  end)

  it("stays ours when its address changes while the old one is still being said", function()
    local running = daemon.start(net, "master", MINE)
    local echo = net:spawn(
      "mini2",
      mdns_watch.argv([[
      watch(function(message, from)
        if message.response and from == "10.99.0.11" then
          local again = core.wire.encode(
            { response = true, authoritative = true, answers = message.answers }, { mdns = true })
          local timer = uv.new_timer()
          timer:start(700, 0, function()
            socket:send(again, "224.0.0.251:5353", index)
            print("late", #message.answers)
            timer:close()
          end)
        end
      end)
      ask { { "master.local.", "A" } }
    ]])
    )
    echo:wait_for("late", 10)
    local on_master = "ip -n " .. net.hosts.master.netns
    net:switch(on_master .. " addr del 10.99.0.11/24 dev eth0")
    net:switch(on_master .. " addr add 10.99.0.77/24 dev eth0")
    uv.sleep(2500)
    assert.is_nil(running.process:output():find("trying", 1, true), running.process:output())
    assert.equal("10.99.0.77", running:dig("master.local", "A").answers[1])
  end)

  it("is given to one of two hosts that come at the same moment, and to one only", function()
    local first = daemon.start(net, "master", MINE)
    local second = daemon.start(net, "mini2", (MINE:gsub("mine", "other")))
    eventually(10, function()
      local names = {}
      for name, address in
        net
          :lua(
            "mini2",
            mdns_watch.asking([[
        for _, name in ipairs { "master.local.", "master-2.local.", "master-3.local." } do
          for _, address in ipairs(ask(name, "A")) do print(name, address) end
        end
      ]])
          )
          :gmatch("(%S+)\t(%S+)")
      do
        names[#names + 1] = name .. " " .. address
      end
      local text = table.concat(names, ", ")
      return text == "master.local. 10.99.0.11, master-2.local. 10.99.0.12"
        or text == "master.local. 10.99.0.12, master-2.local. 10.99.0.11",
        text
    end)
    local renames = 0
    for _, running in ipairs { first, second } do
      renames = renames + select(2, running.process:output():gsub("trying", ""))
    end
    assert.equal(1, renames)
  end)
end)
