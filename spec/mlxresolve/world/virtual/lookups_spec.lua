local bed = require("support.bed")
local core = require("mlxresolve.core")
local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.world.virtual.lookups", function()
  local world, s

  before_each(function()
    world = virtual.new()
    s = scheduler.new(world)
  end)

  local function ask(server, name, timeout)
    local got
    s:spawn(function()
      world:exchange(s:current(), server, name, 1, timeout or 500)
      got = { s:wait(false) }
    end)
    local took = world:settle()
    return took, unpack(got, 1, 4)
  end

  it("answers from a scripted server after its delay", function()
    world.servers["192.0.2.53"] = bed.server({ ["a.example."] = "192.0.2.7" }, 40).answer
    local took, packet, status = ask("192.0.2.53:53", "a.example.")
    assert.equal(40, took)
    assert.equal("answer", status)
    assert.same({ "192.0.2.7" }, (core.answer.data(packet)))
    assert.equal(1, #world.asked)
  end)

  it("is silent where there is no server, and when it is too slow", function()
    local took, _, _, code = ask("192.0.2.99", "a.example.")
    assert.equal(500, took)
    assert.equal("ETIMEOUT", code)
    world.servers["192.0.2.53"] = bed.server({}, 900).answer
    took, _, _, code = ask("192.0.2.53", "a.example.")
    assert.equal(500, took)
    assert.equal("ETIMEOUT", code)
  end)

  it("gives getaddrinfo's names by family", function()
    world.names["a."] = { "192.0.2.1", "2001:db8::1" }
    local found = {}
    for _, family in ipairs { 0, 4, 6 } do
      s:spawn(function()
        world:native(s:current(), "a.", family, world:now() + 100)
        found[family] = #s:wait(false)
      end)
    end
    world:settle()
    assert.same({ [0] = 2, [4] = 1, [6] = 1 }, found)
  end)

  it("echoes for the addresses that do, and is silent for others", function()
    world.echoes["192.0.2.1"] = 5
    world.echoes["192.0.2.3"] = { "not allowed", "EACCES" }
    local got = {}
    for _, address in ipairs { "192.0.2.1", "192.0.2.2" } do
      s:spawn(function()
        world:echo(s:current(), address)
        got[address] = s:wait(false)
      end)
    end
    world:settle()
    assert.same({ ["192.0.2.1"] = 5 }, got)
    assert.same({ nil, "not allowed", "EACCES" }, { world:echo({}, "192.0.2.3") })
  end)
end)
