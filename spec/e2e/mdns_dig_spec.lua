--- Names of the link through the whole program, as `make run` starts it: avahi-daemon on another
--- host, asked for with dig and on the command line.

local daemons = require("support.daemon")
local lan = require("support.lan")

local ROUNDS = 50

local function median(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

describe("the example policy beside avahi-daemon on another host", function()
  local net, daemon
  setup(function()
    net = lan.open { "master", "mini2" }
    net:avahi("mini2", "mini2", {
      services = { { name = "worker", type = "_mlx._tcp", port = 50051, txt = { "model=x" } } },
    })
    daemon = daemons.start(net, "master", nil, { policy_file = "examples/home.lua" })
  end)
  teardown(function()
    net:close()
  end)

  it("gives dig both families, over UDP and TCP, cold and cached", function()
    for _, transport in ipairs { "+notcp", "+tcp" } do
      for _ = 1, 2 do
        local four = daemon:dig("mini2.local", "A", transport)
        assert.same({ "10.99.0.12" }, four.answers)
        assert.equal("NOERROR", four.status)
        assert.is_true(four.ttls[1] > 0 and four.ttls[1] <= 120)
        local six = daemon:dig("mini2.local", "AAAA", transport)
        assert.is_truthy(table.concat(six.answers, " "):find("fd99::c", 1, true), six.text)
      end
      daemon:run("cache", "flush", "--control", daemon.control)
    end
  end)

  it("answers for a service, with its port and its text", function()
    local found = daemon:dig("_mlx._tcp.local", "PTR")
    assert.same({ "worker._mlx._tcp.local." }, found.answers)
    local service = daemon:dig("worker._mlx._tcp.local", "SRV")
    assert.same({ "0 0 50051 mini2.local." }, service.answers)
    assert.same({ '"model=x"' }, daemon:dig("worker._mlx._tcp.local", "TXT").answers)
  end)

  it("says who was asked for a name that does not exist", function()
    local reply = daemon:dig("nobody.local", "A")
    assert.equal("NXDOMAIN", reply.status)
    assert.matches("^0 %(Other%): %(.*mdns: no answer on [^)]*eth0", reply.ede)
    assert.is_true(reply.ms < 2000, reply.text)
    local run, shown = daemon:query("nobody.local", "--trace")
    assert.equal(2, run.code)
    assert.equal("nxdomain", shown.status)
    local results = {}
    for _, try in ipairs(shown.trace) do
      results[try.strategy] = try.result
    end
    assert.equal("silent", results.mdns)
  end)

  it("shows the interface, the strategy and the time to live", function()
    local run = daemon:run("query", "mini2.local", "--control", daemon.control)
    assert.equal(0, run.code, run.err)
    assert.matches("mini2%.local +10%.99%.0%.12 +eth0 +mdns +[%d.]+ms +%d+s", run.out)
  end)

  it("finds it cold and cached, as often as it is asked", function()
    local times = { cold = {}, cached = {} }
    for i = 1, ROUNDS do
      local _, cold = daemon:query("mini2.local", "A", "--fresh")
      local _, cached = daemon:query("mini2.local", "A")
      assert.equal("10.99.0.12", cold.addresses[1] and cold.addresses[1].address)
      assert.is_false(cold.cached)
      assert.is_true(cached.cached)
      times.cold[i], times.cached[i] = cold.ms, cached.ms
    end
    print(
      ("mini2.local, medians of %d: cold %.2f ms, cached %.2f ms"):format(
        ROUNDS,
        median(times.cold),
        median(times.cached)
      )
    )
  end)
end)
