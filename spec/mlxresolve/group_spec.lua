local group = require("mlxresolve.group")
local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.group", function()
  local world, s

  before_each(function()
    world = virtual.new()
    s = scheduler.new(world)
  end)

  local function after(ms, ...)
    local values = { n = select("#", ...), ... }
    return function()
      s:sleep(ms)
      return unpack(values, 1, values.n)
    end
  end

  it("gives the first true value and cancels the others", function()
    local result, ended
    s:spawn(function()
      result = group.race(s, {
        function()
          s:sleep(50)
          ended = true
          return "slow"
        end,
        after(10, "fast"),
        after(1, nil, "no", "ENOTFOUND"),
      })
    end)
    world:settle()
    assert.equal("fast", result)
    assert.is_nil(ended)
    assert.equal(0, s.live)
    assert.equal(1010, world:now())
  end)

  it("staggers, and starts the next at once when one has failed", function()
    local started = {}
    local function racer(name, ms, value)
      return function()
        started[#started + 1] = name .. "@" .. (s:now() - 1000)
        s:sleep(ms)
        return value
      end
    end
    s:spawn(function()
      group.race(s, { racer("a", 20), racer("b", 500), racer("c", 10, true) }, 150)
    end)
    world:settle()
    assert.same({ "a@0", "b@20", "c@170" }, started)
  end)

  it("gives the last failure when all fail", function()
    local result
    s.on_error = function() end
    s:spawn(function()
      result = {
        group.race(s, {
          after(5, nil, "first", "EONE"),
          after(9, nil, "last", "ETWO"),
        }),
      }
    end)
    world:settle()
    assert.same({ nil, "last", "ETWO" }, result)
  end)

  it("cancels its members when the waiting task is cancelled", function()
    local task = s:spawn(function()
      group.race(s, { after(1000, 1), after(1000, 2) })
    end)
    world:advance(1)
    s:cancel(task)
    world:settle()
    assert.equal(0, s.live)
    assert.equal(1001, world:now())
  end)

  it("collects all results in order, errors as failures", function()
    local results
    s.on_error = function() end
    s:spawn(function()
      results = group.all(s, {
        after(20, "a", "b"),
        function()
          error("boom")
        end,
        after(1, nil, "gone", "ENOTFOUND"),
      })
    end)
    world:settle()
    assert.same({ "a", "b", n = 2 }, results[1])
    assert.equal("EPLUGIN", results[2][3])
    assert.same({ nil, "gone", "ENOTFOUND", n = 3 }, results[3])
  end)
end)
