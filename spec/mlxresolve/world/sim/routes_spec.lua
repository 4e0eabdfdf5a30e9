local routes = require("mlxresolve.world.sim.routes")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.routes", function()
  local bed, router, lan

  before_each(function()
    bed = sim_bed.new()
    router = bed.world.net:add_host("router")
    router.forwards = true
    lan = bed:put(router, "lan", "desk", "192.0.2.254/24")
    bed:put(router, "wan", "air", "198.51.100.1/24")
    bed:put(bed.world.net:add_host("far"), "eth0", "air", "198.51.100.7/24")
    bed.eth0.gateway = "192.0.2.254"
  end)

  local function arrives(address, is_back)
    local path = routes.find(bed.mini1, address)
    local heard = false
    routes.send(bed.world.net, path, is_back or false, function()
      heard = true
    end)
    bed:pass(100)
    return heard
  end

  it("goes straight to a neighbour, from the address of that network", function()
    local path = routes.find(bed.mini1, "192.0.2.2")
    assert.equal(1, #path.legs)
    assert.equal("192.0.2.1", path.source)
    assert.is_true(routes.is_open(path))
    assert.is_true(arrives("192.0.2.2"))
  end)

  it("goes by the gateway elsewhere, there and back", function()
    local path = routes.find(bed.mini1, "198.51.100.7")
    assert.equal(2, #path.legs)
    assert.is_true(arrives("198.51.100.7"))
    assert.is_true(arrives("198.51.100.7", true))
  end)

  it("ends where a gateway does not forward, is off, or nobody has the address", function()
    assert.is_false(arrives("192.0.2.9"))
    assert.is_false(arrives("198.51.100.9"))
    router.forwards = false
    assert.is_false(arrives("198.51.100.7"))
    router.forwards = true
    lan.is_up = false
    assert.is_false(arrives("198.51.100.7"))
  end)

  it("knows no way without a gateway, or while the cable is pulled", function()
    bed.eth0.gateway = false
    assert.same({ nil, "ENETUNREACH" }, { routes.find(bed.mini1, "198.51.100.7") })
    bed.eth0.is_up = false
    assert.same({ nil, "ENETUNREACH" }, { routes.find(bed.mini1, "192.0.2.2") })
  end)

  it("gives up where gateways lead to each other", function()
    router.interfaces[1].gateway = "192.0.2.3"
    local other = bed.world.net:add_host("other")
    other.forwards = true
    bed:put(other, "lan", "desk", "192.0.2.3/24").gateway = "192.0.2.254"
    assert.is_nil(routes.find(bed.mini1, "203.0.113.1"))
  end)

  it("uses link-local addresses only on the interface that is named", function()
    assert.is_nil(routes.find(bed.mini1, "fe80::2:2"))
    assert.is_true(routes.is_open(routes.find(bed.mini1, "fe80::2:2", 2)))
  end)

  it("loses packets on every link of the way", function()
    bed.eth0.link.loss = 1
    assert.is_false(arrives("198.51.100.7"))
  end)
end)
