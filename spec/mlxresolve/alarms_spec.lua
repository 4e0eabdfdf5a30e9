local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.alarms", function()
  local world, s, order

  before_each(function()
    world = virtual.new()
    s = scheduler.new(world)
    order = {}
  end)

  local function note(word)
    order[#order + 1] = word
  end

  it("ring at their time and not after they were stopped", function()
    local told
    s:after(20, function(_, now)
      note("late")
      told = now
    end)
    s:at(world:now() + 10, note, "early")
    s:stop(s:after(15, note, "stopped"))
    world:settle()
    assert.same({ "early", "late" }, order)
    assert.equal(1020, told)
  end)

  it("ring as soon as possible when their time is past, not before they return", function()
    s:at(world:now() - 5, note, "rings")
    note("returned")
    world:settle()
    assert.same({ "returned", "rings" }, order)
  end)

  it("leave the clock to the others when one raises", function()
    s.on_error = function(_, problem)
      note(problem:match("boom"))
    end
    s:after(1, error, "boom")
    s:after(2, note, "other")
    world:settle()
    assert.same({ "boom", "other" }, order)
  end)

  describe("at the end of a turn", function()
    it("ring once, when all that could run has run", function()
      s:spawn(function()
        s:at_turn_end(note, "end")
        s:spawn(note, "child")
        note("parent")
      end)
      world:settle()
      assert.same({ "parent", "child", "end" }, order)
      s:spawn(note, "next turn")
      world:settle()
      assert.same({ "parent", "child", "end", "next turn" }, order)
    end)

    it("begin a turn when there is none", function()
      s:at_turn_end(note, "end")
      s:after(1000, note, "timer")
      assert.same({}, order)
      world:advance(0)
      assert.same({ "end" }, order)
    end)

    it("begin another turn when one asks for more, or wakes a task", function()
      s:at_turn_end(function()
        s:at_turn_end(note, "again")
        s:spawn(note, "task")
      end)
      world:advance(0)
      assert.same({ "task", "again" }, order)
    end)

    it("ring though another one raises", function()
      s.on_error = function(_, problem)
        note(problem:match("boom"))
      end
      s:at_turn_end(error, "boom")
      s:at_turn_end(note, "other")
      world:settle()
      assert.same({ "boom", "other" }, order)
    end)
  end)
end)
