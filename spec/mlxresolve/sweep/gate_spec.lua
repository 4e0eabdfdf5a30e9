local gates = require("mlxresolve.sweep.gate")
local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.sweep.gate", function()
  local gate, world, s

  before_each(function()
    world = virtual.new()
    s = scheduler.new(world)
    gate = gates.new()
  end)

  it("gives turns in the order of asking, one at a time", function()
    local order = {}
    for i = 1, 3 do
      s:spawn(function()
        gate:take_turn(s)
        order[#order + 1] = "begin " .. i
        s:sleep(10)
        order[#order + 1] = "end " .. i
      end)
    end
    world:settle()
    assert.same({ "begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3" }, order)
    assert.is_false(gate.is_taken)
  end)

  it("skips who has stopped waiting", function()
    local order, tasks = {}, {}
    for i = 1, 3 do
      tasks[i] = s:spawn(function()
        gate:take_turn(s)
        order[#order + 1] = i
        s:sleep(10)
      end)
    end
    world:advance(5)
    s:cancel(tasks[2])
    world:settle()
    assert.same({ 1, 3 }, order)
    assert.is_false(gate.is_taken)
  end)

  it("spreads knocks, and remembers when who was knocked at", function()
    local at = {}
    s:spawn(function()
      for i = 1, 4 do
        gate:pace(s, "10.0.0." .. i, 10)
        at[i] = s:now() - 1000
      end
    end)
    world:settle()
    assert.same({ 0, 100, 200, 300 }, at)
    local list = gate:order(world, {
      { address = "10.0.0.4" },
      { address = "10.0.0.9" },
      { address = "10.0.0.2" },
    })
    assert.same({ "10.0.0.9", "10.0.0.2", "10.0.0.4" }, {
      list[1].address,
      list[2].address,
      list[3].address,
    })
  end)

  it("tells of a failure for a minute, or for longer", function()
    local entry = gate:note_start("a", 1000, 0)
    gate:note_start("b", 1000, 90e3)
    entry.message, entry.code = "nobody there", "ENOTFOUND"
    local message, code = gate:last_failure("a", 21000, 0)
    assert.equal("nobody there (20 s ago, again in 40 s)", message)
    assert.equal("ENOTFOUND", code)
    assert.is_nil(gate:last_failure("a", 61000, 0))
    message, code = gate:last_failure("b", 61000, 90e3)
    assert.equal("the scan was broken off (60 s ago, again in 30 s)", message)
    assert.equal("EAGAIN", code)
    assert.is_nil(gate:last_failure("c", 1000, 0))
  end)

  it("forgets failures when their pause is over", function()
    gate:note_start("a", 1000, 0)
    gate:note_start("b", 1000, 90e3)
    gate:note_start("c", 61000, 0)
    assert.is_nil(gate.failed.a)
    assert.is_table(gate.failed.b)
  end)
end)
