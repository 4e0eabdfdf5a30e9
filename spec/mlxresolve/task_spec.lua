local scheduler = require("mlxresolve.scheduler")
local tasks = require("mlxresolve.task")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.task", function()
  local world, s

  before_each(function()
    world = virtual.new()
    s = scheduler.new(world)
  end)

  it("gives a wait the four values that it is woken with", function()
    local got
    local task = s:spawn(function()
      got = { s:wait(false) }
    end)
    world:advance(1)
    task:wake("a", nil, 3, false)
    world:advance(1)
    assert.same({ "a", nil, 3, false }, got)
  end)

  it("ignores a second wake-up", function()
    local count = 0
    local task = s:spawn(function()
      s:wait(false)
      count = count + 1
      s:sleep(100)
      count = count + 1
    end)
    world:advance(1)
    task:wake()
    task:wake()
    world:advance(1)
    assert.equal(1, count)
    assert.equal(1, s.live)
  end)

  it("does not call the cancel function of a wait that was woken", function()
    local cancelled = false
    local task = s:spawn(function()
      s:wait(function()
        cancelled = true
      end)
      s:sleep(1000)
    end)
    world:advance(1)
    task:wake()
    world:advance(1)
    s:cancel(task)
    world:settle()
    assert.is_false(cancelled)
  end)

  it("tells stops from errors, and gives errors a traceback", function()
    assert.is_true(tasks.is_stop(tasks.TIMEOUT))
    assert.is_false(tasks.is_stop("boom"))
    assert.equal(tasks.CANCELLED, tasks.explain(tasks.CANCELLED))
    assert.matches("boom.*traceback", tasks.explain("boom"))
    assert.equal("timed out", tostring(tasks.TIMEOUT))
  end)
end)
