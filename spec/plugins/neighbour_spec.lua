local lan = require("support.virtual_lan")
local mlx = require("mlxresolve")
local probe_bed = require("support.probe_bed")

local ENDPOINT = { name = "mini2.local.", address = "10.0.0.5" }

describe("plugin neighbour", function()
  local function open(options)
    local b = probe_bed.open(mlx.use("neighbour", options))
    b.world.links = { lan.link(2, "eth0", { "10.0.0.1/24", "fd00::1/64" }) }
    return b
  end

  it("believes the kernel that is sure, and sends nothing", function()
    local b = open()
    b.world.neighbour_table = { lan.neighbour(2, "10.0.0.5") }
    assert.is_true(b:probe(ENDPOINT))
    assert.same({}, b.world.sent)
  end)

  it("makes the kernel ask for a neighbour of whom it is not sure", function()
    local b = open()
    b.world.neighbour_table = { lan.neighbour(2, "10.0.0.5", nil, false) }
    b.world.on_send = function(sent)
      assert.same({ "", "10.0.0.5:9", 2 }, { sent.packet, sent.to, sent.interface })
      b.world:begin({ wake = function() end }, 5200, function()
        b.world.neighbour_table[1].reachable = true
      end)
    end
    local started = b.world:now()
    assert.is_true(b:probe(ENDPOINT))
    assert.is_true(b.world:now() - started < 6000)
  end)

  it("says that nobody has the address where the kernel found nobody", function()
    local b = open()
    local ok, message, code = b:probe(ENDPOINT)
    assert.is_nil(ok)
    assert.same({ "nobody on eth0 has 10.0.0.5", "EHOSTUNREACH" }, { message, code })
  end)

  it("cannot tell where the kernel has not made up its mind", function()
    local b = open { wait = "2s" }
    b.world.neighbour_table = { lan.neighbour(2, "10.0.0.5", nil, false) }
    local _, message, code = b:probe(ENDPOINT)
    assert.same({ "10.0.0.5 was not asked for within 2000 ms", "EAGAIN" }, { message, code })
  end)

  it("cannot tell about hosts behind a router, or on another link of that zone", function()
    local b = open()
    local _, message, code = b:probe { name = "x.", address = "192.0.2.1" }
    assert.same({ "192.0.2.1 is on no attached link", "ENOTSUP" }, { message, code })
    b.world.links[1].addresses[3] = { address = "fe80::1%eth0", family = "ipv6", prefix = 64 }
    assert.equal("ENOTSUP", select(3, b:probe { name = "x.", address = "fe80::5%eth1" }))
    assert.equal("EHOSTUNREACH", select(3, b:probe { name = "x.", address = "fe80::5%eth0" }))
    assert.equal("[fe80::5%eth0]:9", b.world.sent[1].to)
  end)

  it("tells real hosts from nobody, known ones and such as have gone", function()
    local out = probe_bed.real(
      "neighbour",
      [[
      sh "ip netns add mlxtpeer && ip link add v0 type veth peer name v1 netns mlxtpeer"
      sh "ip link set v0 up && ip addr add 192.0.2.1/24 dev v0"
      sh "ip -n mlxtpeer link set v1 up && ip -n mlxtpeer addr add 192.0.2.2/24 dev v1"
      sh "echo 1 >/proc/sys/net/ipv4/neigh/v0/delay_first_probe_time"
      sh "echo 100 >/proc/sys/net/ipv4/neigh/v0/retrans_time_ms"
      probe({}, { name = "x", address = "192.0.2.2" })
      probe({ wait = "1s" }, { name = "x", address = "192.0.2.9" })
      sh "ip -n mlxtpeer addr del 192.0.2.2/24 dev v1"
      sh "ip neigh change 192.0.2.2 dev v0 nud stale"
      probe({ wait = "5s" }, { name = "x", address = "192.0.2.2" })]]
    )
    assert.equal(
      "true\tnil\tnil\n"
        .. "nil\tnobody on v0 has 192.0.2.9\tEHOSTUNREACH\n"
        .. "nil\tnobody on v0 has 192.0.2.2\tEHOSTUNREACH\n",
      out
    )
  end)
end)
