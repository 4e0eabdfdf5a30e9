local bed = require("support.bed")
local mdns_bed = require("support.mdns_bed")
local mlx = require("mlxresolve")

local A = { type = "A", data = "192.0.2.7" }
local NSEC = { type = "NSEC", data = "mini2.local. A", additional = true }

describe("plugin mdns", function()
  local function open(options, others)
    local strategies = { mlx.use("mdns", options) }
    for i, other in ipairs(others or {}) do
      strategies[i + 1] = other
    end
    local opened = bed.open(strategies)
    return opened, mdns_bed.attach(opened.world)
  end

  it("answers with addresses, their time to live and their interface", function()
    local opened, link = open()
    link:answer("mini2.local.", { A, NSEC })
    local result = opened:ask("mini2.local", "A")
    assert.equal("answer", result.status)
    local address = result.addresses[1]
    assert.equal("192.0.2.7", address.address)
    assert.equal(120, address.ttl)
    assert.equal("eth0", address.interface)
    assert.equal("mdns", address.strategy)
  end)

  it("tells the scope of a link-local address", function()
    local opened, link = open()
    link:answer("mini2.local.", { { type = "AAAA", data = "fe80::7" } })
    local result = opened:ask("mini2.local", "AAAA")
    assert.equal("eth0", result.addresses[1].interface)
    assert.matches("^fe80::7", result.addresses[1].address)
  end)

  it("denies a family that the host does not have", function()
    local opened, link = open()
    link:answer("mini2.local.", { A, NSEC })
    assert.equal("nodata", opened:ask("mini2.local", "AAAA").status)
  end)

  it("leaves names of other zones to others, without a packet", function()
    local other = bed.strategy("other", function(query)
      return query:answer("192.0.2.99")
    end)
    local opened = open({}, { other })
    assert.equal("192.0.2.99", opened:address("example.org"))
    assert.equal(0, #opened.world.sent)
  end)

  it("asks for reverse names of link-local addresses [RFC 6762 4: reverse names]", function()
    local opened, link = open()
    local name = "4.3.254.169.in-addr.arpa."
    link:answer(name, { { type = "PTR", data = "mini2.local." } })
    assert.same({ "mini2.local." }, { opened:ask(name, "PTR").records[1].data })
  end)

  it("asks for services as they are asked for", function()
    local opened, link = open()
    link:answer("w._mlx._tcp.local.", { { type = "SRV", data = "0 0 50051 mini2.local." } })
    local result = opened:ask("w._mlx._tcp.local", "SRV")
    assert.equal("0 0 50051 mini2.local.", result.records[1].data)
  end)

  it("lets the next strategy answer after silence", function()
    local other = bed.strategy("other", function(query)
      return query:answer("192.0.2.99")
    end)
    local opened = open({ timeout = "300ms" }, { other })
    local result = opened:ask("mini2.local", "A", { trace = true })
    assert.equal("other", result.addresses[1].strategy)
    assert.equal(300, result.ms)
    assert.equal("silent", result.trace[1].result)
    assert.matches("no answer on eth0 %(2 questions%)", result.trace[1].detail)
  end)

  it("takes silence for no such name when nobody else is asked", function()
    local opened = open { timeout = "300ms" }
    assert.equal("nxdomain", opened:address("mini2.local"))
  end)

  it("asks on the interfaces that the policy names", function()
    local opened, link = open { interfaces = { "wlan0" }, timeout = "100ms", ipv6 = false }
    opened.world.links = { mdns_bed.interface(), mdns_bed.wifi() }
    opened:ask("mini2.local", "A")
    assert.same({ "4 3 QU A mini2.local. AAAA mini2.local." }, link:questions())
  end)

  it("asks the link again after the cache was flushed", function()
    local opened, link = open()
    link:answer("mini2.local.", { A, NSEC })
    opened:ask("mini2.local", "A")
    opened.resolver:flush { name = "mini2.local" }
    local result = opened:ask("mini2.local", "A")
    assert.equal("192.0.2.7", result.addresses[1].address)
    assert.equal(2, #opened.world.sent)
  end)

  it("asks the link for who wants it fresh", function()
    local opened, link = open()
    link:answer("mini2.local.", { A, NSEC })
    opened:ask("mini2.local", "A")
    opened:ask("mini2.local", "A", { fresh = true })
    assert.equal(2, #opened.world.sent)
  end)

  it("has the cache follow a host that moves", function()
    local opened, link = open()
    link:answer("mini2.local.", { A, NSEC })
    opened:ask("mini2.local", "A")
    opened.world:advance(5000)
    local moved = { { type = "A", data = "192.0.2.9" } }
    link:deliver(mdns_bed.response("mini2.local.", moved))
    opened.world:advance(0)
    local result = opened:ask("mini2.local", "A")
    assert.equal("192.0.2.9", result.addresses[1].address)
    assert.equal(1, #opened.world.sent)
  end)
end)
