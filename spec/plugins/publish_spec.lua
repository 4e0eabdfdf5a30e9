local bed = require("support.bed")
local core = require("mlxresolve.core")
local mdns_bed = require("support.mdns_bed")
local mlx = require("mlxresolve")

local SERVES = { serve = true }

describe("plugin publish", function()
  local opened

  local function open(publishers, options)
    local observers = {}
    for i, one in ipairs(publishers) do
      observers[i] = mlx.use("publish", one)
    end
    opened = bed.open({ mlx.use("literal") }, { observers = observers }, options)
    mdns_bed.attach(opened.world)
    opened.world:network { { type = "link_added", index = 2, interface = "eth0", up = true } }
    opened.world:advance(5000)
    return opened.world
  end

  local function said(world)
    local found = {}
    for _, sent in ipairs(world.sent) do
      local message = core.wire.decode(sent.packet)
      for _, one in ipairs(message.response and message.answers or {}) do
        found[("%s %s %d %s"):format(one.type, one.name, one.ttl, one.data)] = true
      end
    end
    return found
  end

  it("publishes the machine's name without being told which", function()
    local found = said(open({ {} }, SERVES))
    assert.is_true(found["A here.local. 120 192.0.2.1"])
  end)

  it("publishes several services", function()
    local found = said(open({
      { service = "_mlx._tcp", port = 50051, txt = { model = "x", gpu = true, layers = 40 } },
      { service = "_http._tcp", port = 80, instance = "Web", host = "box", subtypes = { "_ui" } },
    }, SERVES))
    assert.is_true(found["SRV here._mlx._tcp.local. 120 0 0 50051 here.local."])
    assert.is_true(found['TXT here._mlx._tcp.local. 4500 "gpu" "layers=40" "model=x"'])
    assert.is_true(found["SRV web._http._tcp.local. 120 0 0 80 box.local."])
    assert.is_true(found["PTR _ui._sub._http._tcp.local. 4500 Web._http._tcp.local."])
    assert.is_true(found["A box.local. 120 192.0.2.1"])
  end)

  it("says goodbye when the resolver is closed [RFC 6762 10.1: goodbye]", function()
    local world = open({ { service = "_mlx._tcp", port = 1 } }, SERVES)
    opened.resolver:close()
    world:advance(0)
    local found = said(world)
    assert.is_true(found["A here.local. 0 192.0.2.1"])
    assert.is_true(found["PTR _mlx._tcp.local. 0 here._mlx._tcp.local."])
  end)

  it("publishes nothing from a resolver that does not serve", function()
    assert.same({}, open({ {} }).sent)
  end)

  it("tells what is wrong with a service, and the resolver goes on", function()
    local one = { service = "_x._tcp", port = 1, txt = { ["a=b"] = "" } }
    local world = open({ one, { service = "_x._tcp" } }, SERVES)
    local log = table.concat(world.lines, "\n")
    assert.matches("publish: a TXT key is printable ASCII without '='", log)
    assert.matches("publish: a service needs a port", log)
    assert.same({}, world.sent)
  end)
end)
