local daemon = require("support.daemon")
local lan = require("support.lan")
local bus = require("support.system_bus")

local SERVICE = [[
strategies = { use("mdns", { timeout = "2s" }) },
observers = {
  use("publish", {
    host = "master",
    service = "_mlx._tcp",
    port = 50051,
    instance = "Büro 3.5",
    txt = { model = "x", gpu = true },
    subtypes = { "_gpu" },
  }),
},
]]

local FOUND = "=;eth0;IPv4;B\\195\\188ro\\0323\\.5;_mlx._tcp;local;master.local;10.99.0.11;50051;"

local net

local function eventually(seconds, fn)
  local uv = require("luv")
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

local function has_no_bus()
  local why = bus.missing()
  return why and pending(why) and true
end

-- What avahi on a host finds, until it contains `wanted` (plain text).
local function browse(host, type, wanted, seconds)
  return eventually(seconds or 5, function()
    local run = net:exec(host, { "avahi-browse", "-rpt", "--no-db-lookup", type })
    local out = run.out .. run.err
    return out:find(wanted, 1, true) and out, out
  end)
end

local function resolve(host, name, family)
  local run = net:exec(host, { "avahi-resolve", family or "-4", "-n", name })
  return run.out, run.err
end

describe("publish beside an avahi-daemon of another host", function()
  before_each(function()
    net = lan.open { "master", "mini2" }
  end)
  after_each(function()
    net:close()
  end)

  it("is found with its name, service and subtype", function()
    if has_no_bus() then
      return
    end
    bus.start(net, "mini2")
    net:avahi("mini2", "mini2", { server = { ["enable-dbus"] = "yes" } })
    daemon.start(net, "master", SERVICE)
    local out = browse("mini2", "_mlx._tcp", FOUND)
    assert.matches('"model=x" "gpu"', out, 1, true)
    browse("mini2", "_gpu._sub._mlx._tcp", FOUND)
    assert.equal("master.local\t10.99.0.11\n", (resolve("mini2", "master.local")))
    local run = net:exec("mini2", { "avahi-resolve", "-a", "10.99.0.11" })
    assert.equal("10.99.0.11\tmaster.local\n", run.out)
  end)
end)
