local mlx = require("mlxresolve")
local probe_bed = require("support.probe_bed")

local ENDPOINT = { name = "mini2.local.", address = "192.0.2.1", port = 50051 }

describe("plugin tcp", function()
  it("says that a host lives that takes a connection at the endpoint's port", function()
    local b = probe_bed.open(mlx.use("tcp", { refused = "dead" }))
    b.world.targets["192.0.2.1:50051"] = function() end
    assert.is_true(b:probe(ENDPOINT))
  end)

  it("connects to the port of its option before the endpoint's", function()
    local b = probe_bed.open(mlx.use("tcp", { port = 22, refused = "dead" }))
    b.world.targets["192.0.2.1:22"] = function() end
    assert.is_true(b:probe(ENDPOINT))
    b.world.targets["[2001:db8::1]:22"] = function() end
    assert.is_true(b:probe { name = "mini2.local.", address = "2001:db8::1" })
  end)

  it("takes a refused connection as a sign of life, unless told otherwise", function()
    assert.is_true(probe_bed.open(mlx.use("tcp")):probe(ENDPOINT))
    local b = probe_bed.open(mlx.use("tcp", { refused = "dead" }))
    local ok, _, code = b:probe(ENDPOINT)
    assert.same({ false, "ECONNREFUSED" }, { ok or false, code })
  end)

  it("gives up a host that takes too long", function()
    local b = probe_bed.open(mlx.use("tcp", { timeout = "300ms" }))
    function b.world:connect(waiter)
      return self:begin(waiter, math.huge, function() end)
    end
    local ok, message, code = b:probe(ENDPOINT)
    assert.same(
      { false, "tcp: no result within 300 ms", "ETIMEOUT" },
      { ok or false, message, code }
    )
  end)

  it("cannot tell without a port", function()
    local b = probe_bed.open(mlx.use("tcp"))
    local _, message, code = b:probe { name = "mini2.local.", address = "192.0.2.1" }
    assert.equal("no port is known of mini2.local.: give the option 'port'", message)
    assert.equal("EINVAL", code)
  end)

  it("tells real hosts from nobody", function()
    local out = probe_bed.real(
      "tcp",
      [[
      sh "ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up"
      sh "ip addr add 192.0.2.1/24 dev v0"
      local server = uv.new_tcp()
      server:bind("127.0.0.1", 0)
      server:listen(8, function() end)
      server:unref()
      local port = server:getsockname().port
      probe({ port = port, refused = "dead" }, { name = "x", address = "127.0.0.1" })
      probe({ port = 1 }, { name = "x", address = "::1" })
      probe({ port = 1, refused = "dead" }, { name = "x", address = "127.0.0.1" })
      probe({ port = 1, timeout = "100ms" }, { name = "x", address = "192.0.2.9" })]]
    )
    local codes = {}
    for line in out:gmatch("[^\n]+") do
      codes[#codes + 1] = line:match("(%S+)$") == "nil" and line:match("^%S+")
        or line:match("(%S+)$")
    end
    assert.same({ "true", "true", "ECONNREFUSED", "ETIMEOUT" }, codes)
  end)
end)
