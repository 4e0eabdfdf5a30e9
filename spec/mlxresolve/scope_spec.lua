local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.scope", function()
  local world, s

  before_each(function()
    world = virtual.new()
    s = scheduler.new(world)
  end)

  local function run(fn)
    local got
    s:spawn(function()
      got = { fn() }
    end)
    world:settle()
    return got
  end

  it("returns true and the results", function()
    assert.same(
      { true, 1, nil, 3 },
      run(function()
        return s:attempt(100, function(a, b, c)
          return a, b, c
        end, 1, nil, 3)
      end)
    )
  end)

  it("calls as it attempts, with four results", function()
    local closed = {}
    local resource = {
      close = function()
        closed[#closed + 1] = true
      end,
    }
    local got = run(function()
      local one = {
        s:call(100, function(a, b, c)
          s:own(resource)
          return a, b, c, 4, 5
        end, 1, nil, 3),
      }
      local two = { s:call(100, function()
        s:own(resource)
        s:sleep(1000)
      end) }
      local three = { s:call(false, error, "boom", 0) }
      return one, two, three, s.running.deadline
    end)
    assert.same({ true, 1, nil, 3, 4 }, got[1])
    assert.same({ false, scheduler.TIMEOUT }, got[2])
    assert.is_false(got[3][1])
    assert.matches("boom", got[3][2])
    assert.is_false(got[4])
    assert.equal(2, #closed)
  end)

  it("returns false and the error, with its traceback", function()
    local got = run(function()
      return s:attempt(100, function()
        error("boom")
      end)
    end)
    assert.is_false(got[1])
    assert.matches("boom.*traceback", got[2])
  end)

  it("returns false and TIMEOUT when its time is over", function()
    local got = run(function()
      return s:attempt(100, s.sleep, s, 200)
    end)
    assert.same({ false, scheduler.TIMEOUT }, got)
    assert.equal(1100, world:now())
  end)

  it("gives the task its own deadline back", function()
    local got = run(function()
      s:attempt(100, s.sleep, s, 200)
      s:sleep(500)
      return s:now()
    end)
    assert.equal(1600, got[1])
  end)

  it("raises misused errors of `within` again", function()
    s.on_error = function() end
    local reached = false
    s:spawn(function()
      s:within(100, error, "boom")
      reached = true
    end)
    world:settle()
    assert.is_false(reached)
  end)

  it("goes on closing when one close fails", function()
    local closed, problems = {}, {}
    s.on_error = function(_, problem)
      problems[#problems + 1] = problem
    end
    run(function()
      s:own {
        close = function()
          closed[#closed + 1] = "first"
        end,
      }
      s:own {
        close = function()
          error("stuck")
        end,
      }
    end)
    assert.same({ "first" }, closed)
    assert.matches("stuck", problems[1])
  end)
end)
