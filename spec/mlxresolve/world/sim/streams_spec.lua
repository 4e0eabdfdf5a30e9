local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.streams", function()
  local bed, world

  before_each(function()
    bed = sim_bed.new()
    world = bed.world
    bed.mini2.tcp[22] = true
  end)

  local function start(target)
    local waiter = sim_bed.waiter()
    waiter.number = world:connect(waiter, target)
    assert.is_nil(waiter.got)
    return waiter
  end

  local function code_of(target, ms)
    local waiter = start(target)
    bed:pass(ms)
    return waiter.got and waiter.got[3]
  end

  it("connects to a port that is open, within the time of two packets", function()
    local waiter = start("192.0.2.2:22")
    bed:pass(2)
    local stream = waiter.got[1]
    assert.equal(1, world.streams)
    stream:write("hello")
    stream:close()
    stream:close()
    assert.equal(0, world.streams)
    assert.is_truthy(code_of("[fe80::2:2%eth0]:23", 2))
  end)

  it("is refused where nobody listens, and finds no way elsewhere", function()
    assert.equal("ECONNREFUSED", code_of("192.0.2.2:23", 2))
    assert.equal("ENETUNREACH", code_of("198.51.100.1:22", 0))
    assert.equal("ENOENT", code_of("/run/avahi-daemon/socket", 0))
  end)

  it("hangs for as long as the kernel looks for a neighbour", function()
    assert.is_nil(code_of("192.0.2.9:22", 2999))
    bed:pass(30e3)
    assert.equal("EHOSTUNREACH", code_of("192.0.2.9:22", 3000))
  end)

  it("asks again when a packet is lost, and gives up after two minutes", function()
    bed.eth0.link.loss = 1
    local waiter = start("192.0.2.2:22")
    bed:pass(500)
    bed.eth0.link.loss = 0
    assert.is_nil(waiter.got)
    bed:pass(1000)
    assert.is_truthy(waiter.got[1])
    bed.eth0.link.loss = 1
    assert.equal("ETIMEDOUT", code_of("192.0.2.2:22", 127e3))
  end)

  it("wakes nobody who has stopped waiting, and leaves nothing", function()
    local waiter = start("192.0.2.2:22")
    world:cancel("connect", waiter.number)
    bed:pass(130e3)
    assert.is_nil(waiter.got)
    assert.same({ 0, 0, 0 }, { world.pending, world.streams, world.clock.count })
  end)

  it("ends a read with its stream", function()
    local waiter = start("192.0.2.2:22")
    bed:pass(2)
    waiter.got[1]:read(sim_bed.waiter())
    assert.equal(1, world.pending)
    waiter.got[1]:close()
    assert.equal(0, world.pending)
  end)
end)
