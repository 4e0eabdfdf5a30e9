--- Python's gRPC client, whose resolver knows nothing of `.local`, finds workers through the
--- program.

local daemons = require("support.daemon")
local lan = require("support.lan")

local PYTHON = "/usr/bin/python3"
local TARGET = "dns://127.0.0.1:5453/mini2.local:50051"

-- Short, so that a worker is not looked for where it was.
local POLICY = [[
  cache = { max_ttl = "1s" },
  strategies = { use("mdns", { zones = { "local" }, timeout = "500ms" }) },
  reactions = { use("flush") },
]]

local has_grpc = os.execute(PYTHON .. " -c 'import grpc' 2>/dev/null") == 0

describe("a gRPC client", function()
  local net
  local function open(...)
    net = lan.open({ "master", "mini2" }, ...)
    local responder = net:avahi("mini2", "mini2")
    daemons.start(net, "master", POLICY)
    return responder
  end
  after_each(function()
    if net then
      net:close()
      net = nil
    end
  end)

  local function work(address)
    local worker = net:spawn("mini2", { PYTHON, "spec/support/grpc_worker.py", address })
    worker:wait_for("ready", 10)
    return worker
  end

  local function client(target, seconds, ...)
    return { PYTHON, "spec/support/grpc_client.py", target, seconds, ... }
  end

  local function test(title, body)
    it(title, function()
      if not has_grpc then
        return pending("python3-grpcio is not installed")
      end
      body()
    end)
  end

  test("reaches a worker by its .local name, in either family", function()
    open()
    for _, address in ipairs { "0.0.0.0:50051", "[fd99::c]:50051" } do
      local worker = work(address)
      local run = net:exec("master", client(TARGET, "0"))
      assert.equal(0, run.code, address .. ": " .. run.out .. run.err)
      assert.matches("^serving at ", run.out)
      worker:stop()
    end
  end)

  test("is told at once of a worker that nobody knows", function()
    open()
    local run = net:exec("master", client("dns://127.0.0.1:5453/nobody.local:50051", "0"))
    assert.equal(1, run.code)
    assert.matches("^unavailable at [0-4]%.", run.out)
    assert.matches("nobody%.local", run.out)
  end)

  --- A client that goes on asking, once it has been served.
  local function asking()
    local process = net:spawn(
      "master",
      client(
        TARGET,
        "30",
        "grpc.dns_min_time_between_resolutions_ms=100", -- 30 s is what it is otherwise
        "grpc.initial_reconnect_backoff_ms=100",
        "grpc.min_reconnect_backoff_ms=500",
        "grpc.max_reconnect_backoff_ms=500"
      )
    )
    process:wait_for("serving at ", 10)
    return process
  end

  local function move()
    local command = "ip -n NS addr del 10.99.0.12/24 dev eth0; "
      .. "ip -n NS addr add 10.99.0.77/24 brd + dev eth0; "
      .. "ip -n NS route replace 224.0.0.0/4 dev eth0"
    assert.equal(0, net:switch((command:gsub("NS", net.hosts.mini2.netns))))
  end

  test("finds a worker whose machine left and came back at another address", function()
    local responder = open { ipv6 = false }
    local worker = work("0.0.0.0:50051")
    local process = asking()
    responder:stop()
    worker:signal("KILL")
    process:wait_for("unavailable at ", 10)
    move()
    net:avahi("mini2", "mini2")
    work("10.99.0.77:50051")
    process:wait_for("unavailable at .*serving at ", 15)
  end)

  test("finds a worker that moved without a word", function()
    open { ipv6 = false }
    -- The kernel is to notice within a second that nobody lives at the old address.
    local neighbours = "sysctl -qw net.ipv4.neigh.eth0.delay_first_probe_time=1 "
      .. "net.ipv4.neigh.eth0.ucast_solicit=1 net.ipv4.neigh.eth0.mcast_solicit=1 "
      .. "net.ipv4.neigh.eth0.retrans_time_ms=100"
    net:exec("master", { "sh", "-c", neighbours })
    local worker = work("0.0.0.0:50051")
    local process = asking()
    worker:signal("KILL")
    process:wait_for("unavailable at ", 10)
    move()
    work("10.99.0.77:50051")
    process:wait_for("unavailable at .*serving at ", 20)
  end)
end)
