local mlx = require("mlxresolve")
local probe_bed = require("support.probe_bed")

local ENDPOINT = { name = "mini2.local.", address = "192.0.2.1" }

describe("plugin icmp", function()
  it("says that a host lives that echoes", function()
    local b = probe_bed.open(mlx.use("icmp"))
    b.world.echoes["192.0.2.1"] = 3
    assert.is_true(b:probe(ENDPOINT))
  end)

  it("asks again within its time, and then says that nobody echoed", function()
    local b = probe_bed.open(mlx.use("icmp", { timeout = "600ms", tries = 3 }))
    local asked = {}
    local echo = b.world.echo
    function b.world:echo(...)
      asked[#asked + 1] = self:now()
      return echo(self, ...)
    end
    local ok, message, code = b:probe(ENDPOINT)
    assert.same({ false, "ETIMEOUT" }, { ok or false, code })
    assert.equal("icmp: no result within 600 ms", message)
    assert.same({ 200, 200, 3 }, { asked[2] - asked[1], asked[3] - asked[2], #asked })
  end)

  it("hands on that this user may not ask, at once", function()
    local b = probe_bed.open(mlx.use("icmp"))
    b.world.echoes["192.0.2.1"] = { "not allowed", "EACCES" }
    local _, message, code = b:probe(ENDPOINT)
    assert.same({ "not allowed", "EACCES" }, { message, code })
  end)

  it("tells real hosts from nobody", function()
    local out = probe_bed.real(
      "icmp",
      [[
      sh "echo 0 0 >/proc/sys/net/ipv4/ping_group_range"
      sh "ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up"
      sh "ip addr add 192.0.2.1/24 dev v0"
      probe({}, { name = "x", address = "127.0.0.1" })
      probe({}, { name = "x", address = "::1" })
      probe({ timeout = "100ms" }, { name = "x", address = "192.0.2.9" })]]
    )
    assert.equal("true\tnil\tnil\ntrue\tnil\tnil\n", (out:match("^.*nil\n")))
    assert.is_truthy(out:find("nil\t[^\n]*\tETIMEOUT\n$"))
  end)

  it("says what to allow where the system forbids it", function()
    local out = probe_bed.real("icmp", [[probe({}, { name = "x", address = "127.0.0.1" })]])
    assert.is_truthy(out:find("ping_group_range='0 2147483647'", 1, true))
    assert.is_truthy(out:find("\tEACCES\n", 1, true))
  end)
end)
