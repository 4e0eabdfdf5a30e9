--- Browsing beside real responders.

local json = require("mlxresolve.json")
local lan = require("support.lan")

local function words(...)
  local folder = io.popen("pwd"):read("*l")
  return { folder .. "/build/mlxresolve", "browse", ... }
end

local SERVICES = {
  { name = "Worker 1", type = "_mlx._tcp", port = 50051, txt = { "model=x", "flag" } },
  { name = "Notes", type = "_http._tcp", port = 8080 },
}

describe("mlxresolve browse", function()
  local net, daemon

  before_each(function()
    net = lan.open { "master", "mini2" }
    daemon = net:avahi("mini2", "mini2", { services = SERVICES })
    daemon:wait_for('Service "Notes" .- successfully established', 10)
    daemon:wait_for('Service "Worker 1" .- successfully established', 10)
  end)
  after_each(function()
    net:close()
  end)

  it("finds an avahi-daemon's service with its host, addresses and keys", function()
    local run = net:exec("master", words("_mlx._tcp", "--once", "--json"))
    assert.equal(0, run.code, run.err)
    local found = json.decode(run.out:match("[^\n]+"))
    assert.equal("Worker 1", found.instance)
    assert.equal("mini2.local.", found.host)
    assert.equal(50051, found.port)
    assert.same({ model = "x", flag = true }, found.txt)
    assert.equal("10.99.0.12", found.addresses[1])
    assert.equal("eth0", found.interface)
  end)

  it("finds services of all types", function()
    local run = net:exec("master", words("--once"))
    assert.equal(0, run.code, run.err)
    assert.matches("%+ Worker 1%._mlx%._tcp  eth0  mini2%.local:50051  10%.99%.0%.12", run.out)
    assert.matches("%+ Notes%._http%._tcp  eth0  mini2%.local:8080  10%.99%.0%.12", run.out)
  end)

  it("says no answer where there is no such service", function()
    local run = net:exec("master", words("_nothing._tcp", "--once"))
    assert.equal(3, run.code)
    assert.equal("", run.out)
  end)

  it("sees an address change, and a goodbye", function()
    local browser = net:spawn("master", words("_mlx._tcp"))
    browser:wait_for("%+ Worker 1  eth0  mini2%.local:50051  10%.99%.0%.12")
    local netns = net.hosts.mini2.netns
    net:switch(("ip -n %s addr del 10.99.0.12/24 dev eth0"):format(netns))
    net:switch(("ip -n %s addr add 10.99.0.77/24 dev eth0"):format(netns))
    browser:wait_for("~ Worker 1  eth0  mini2%.local:50051  10%.99%.0%.77", 10)
    daemon:stop()
    browser:wait_for("%- Worker 1 gone %(goodbye%)", 5)
  end)

  it("finds the services again when the cable was pulled and put back", function()
    local browser = net:spawn("master", words("_mlx._tcp"))
    browser:wait_for("%+ Worker 1  eth0")
    net:switch("ip link set p1 down")
    browser:wait_for("%- Worker 1 gone %(link%)")
    net:switch("ip link set p1 up")
    browser:wait_for("gone %(link%)\n.*%+ Worker 1  eth0", 10)
  end)
end)
