local core = require("mlxresolve.core")
local responder = require("mlxresolve.world.sim.responder")
local servers = require("mlxresolve.world.sim.servers")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.lookups", function()
  local bed, world

  before_each(function()
    bed = sim_bed.new()
    world = bed.world
    bed.mini2.server =
      servers.new(world.net, false, { records = { ["www.example"] = { "198.51.100.7" } } })
  end)

  local function ask(server, name, timeout, flags)
    local waiter = sim_bed.waiter()
    assert(world:exchange(waiter, server, name, 1, timeout or 1000, flags))
    assert.is_nil(waiter.got)
    bed:pass(5000)
    assert.equal(0, world.pending)
    return unpack(waiter.got, 1, 4)
  end

  it("asks servers of the network", function()
    local packet, status, ttl, ms = ask("192.0.2.2", "www.example.")
    assert.same({ "198.51.100.7" }, core.answer.data(packet))
    assert.same({ "answer", 60 }, { status, ttl })
    assert.is_true(ms > 0 and ms < 10)
    assert.equal("nxdomain", select(2, ask("192.0.2.2:53", "nobody.example.")))
  end)

  it("asks responders directly, who give their own names for ten seconds", function()
    bed.mini2.responder = responder.new(world, bed.mini2, "avahi")
    local packet, status, ttl = ask("192.0.2.2:5353", "mini2.local.")
    assert.same({ "192.0.2.2" }, core.answer.data(packet))
    assert.same({ "answer", 10 }, { status, ttl })
    assert.equal("ETIMEOUT", select(3, ask("192.0.2.2:5353", "other.local.")))
    assert.same({}, world.sockets)
    local number = world:exchange(sim_bed.waiter(), "192.0.2.2:5353", "mini2.local.", 1, 1000)
    world:cancel("exchange", number)
    assert.same({}, world.sockets)
    bed.mini2.responder, bed.mini2.server = false, false
    assert.equal("ECONNREFUSED", select(3, ask("192.0.2.2:5353", "mini2.local.")))
  end)

  it("says why there is no answer, as the real world does", function()
    bed.mini2.server.mode = "refuse"
    local _, message, code = ask("192.0.2.2", "www.example.")
    assert.same({ "192.0.2.2:53 said REFUSED", "EREFUSED" }, { message, code })
    bed.mini2.server.mode = "deaf"
    assert.equal("ECONNREFUSED", select(3, ask("192.0.2.2", "www.example.")))
    assert.equal("ETIMEOUT", select(3, ask("192.0.2.9", "www.example.")))
    assert.equal("ENETUNREACH", select(3, ask("198.51.100.1", "www.example.")))
  end)

  it("asks again when a packet is lost, and over TCP when an answer is cut off", function()
    bed.eth0.link.loss = 1
    world.clock:after(500, function()
      bed.eth0.link.loss = 0
    end)
    assert.equal("answer", select(2, ask("192.0.2.2", "www.example.", 3000)))
    bed.mini2.server.mode = "truncate"
    assert.equal("answer", select(2, ask("192.0.2.2", "www.example.")))
    bed.mini2.server.mode = "answer"
    assert.equal("answer", select(2, ask("192.0.2.2", "www.example.", 1000, 1)))
  end)

  it("believes no forged reply", function()
    bed.mini2.server.mode = "forged"
    for _ = 1, 20 do
      assert.same({ "198.51.100.7" }, core.answer.data((ask("192.0.2.2", "www.example."))))
    end
  end)

  it("wakes nobody whose question was cancelled", function()
    local waiter = sim_bed.waiter()
    local operation = world:exchange(waiter, "192.0.2.2", "www.example.", 1, 1000)
    world:cancel("exchange", operation)
    bed:pass(5000)
    assert.is_nil(waiter.got)
    assert.equal(0, world.pending)
    assert.equal(0, world.clock.count)
  end)

  it("refuses what is no address or no name", function()
    local waiter = sim_bed.waiter()
    assert.equal("ETEXT", select(3, world:exchange(waiter, "mini2", "a.example.", 1, 100)))
    assert.is_nil(world:exchange(waiter, "192.0.2.2", ("a"):rep(70) .. ".", 1, 100))
    assert.equal(0, world.pending)
  end)

  it("knows by getaddrinfo what the table says", function()
    local function native(name, family)
      local waiter = sim_bed.waiter()
      world:native(waiter, name, family, world:now() + 50)
      bed:pass(100)
      return waiter.got
    end
    world.names = { ["a.local."] = { "192.0.2.9", "2001:db8::9" }, ["b.local."] = "stuck" }
    assert.same({ { "192.0.2.9" } }, native("a.local.", 4))
    assert.same({ { "192.0.2.9", "2001:db8::9" } }, native("a.local.", 0))
    assert.equal("ETIMEOUT", native("b.local.", 4)[3])
    assert.equal("ENOTFOUND", native("c.local.", 4)[3])
  end)

  it("echoes for hosts that are awake and can be reached", function()
    local function echo(address)
      local waiter = sim_bed.waiter()
      local number, _, code = world:echo(waiter, address)
      bed:pass(1000)
      if number then
        world:cancel("echo", number)
      end
      return waiter.got and waiter.got[1], code
    end
    local ms = echo("192.0.2.2")
    assert.is_true(ms > 0 and ms < 10)
    assert.is_nil(echo("192.0.2.9"))
    assert.is_truthy(echo("fe80::2:2%eth0"))
    assert.equal("ENETUNREACH", select(2, echo("198.51.100.1")))
    bed.mini2.is_asleep = true
    assert.is_nil(echo("192.0.2.2"))
    assert.equal(0, world.pending)
  end)

  it("has neither dns_sd nor programs", function()
    assert.equal("ENOTSUP", select(3, world:dns_sd()))
    assert.equal("ENOENT", select(3, world:run({}, { "true" })))
  end)
end)
