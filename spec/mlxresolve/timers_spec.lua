local timers = require("mlxresolve.timers")

describe("mlxresolve.timers", function()
  local wheel, fired

  local function node(name)
    return {
      timer_at = false,
      fire = function()
        fired[#fired + 1] = name
      end,
    }
  end

  before_each(function()
    wheel, fired = timers.new(1000), {}
  end)

  it("fires in the order of deadlines, then of adding", function()
    wheel:add(node("c"), 1020)
    wheel:add(node("a"), 1010)
    wheel:add(node("b"), 1010)
    wheel:expire(1009.9)
    assert.same({}, fired)
    wheel:expire(1030)
    assert.same({ "a", "b", "c" }, fired)
    assert.is_nil(wheel:next())
  end)

  it("knows the next deadline after removals", function()
    local first = node("first")
    wheel:add(first, 1001)
    wheel:add(node("later"), 9000)
    assert.equal(1001, wheel:next())
    wheel:remove(first)
    assert.is_true(wheel:next() <= 9000)
    wheel:expire(wheel:next())
    assert.equal(9000, wheel:next())
    assert.same({}, fired)
  end)

  it("does not fire a deadline that shares a slot with a nearer one", function()
    wheel:add(node("near"), 1005)
    wheel:add(node("far"), 1005 + 1024)
    wheel:expire(1006)
    assert.same({ "near" }, fired)
    assert.equal(2029, wheel:next())
  end)

  it("fires everything after a jump over the whole wheel", function()
    for i = 1, 50 do
      wheel:add(node(i), 1000 + i * 37)
    end
    wheel:expire(100000)
    assert.equal(50, #fired)
    assert.equal(0, wheel.count)
  end)

  it("fires a deadline that was past when it was added", function()
    wheel:expire(1500)
    wheel:add(node("late"), 1200)
    assert.equal(1200, wheel:next())
    wheel:expire(1500.2)
    assert.same({ "late" }, fired)
  end)

  it("does not fire what another one removes while firing", function()
    local second = node("second")
    wheel:add({
      timer_at = false,
      fire = function()
        wheel:remove(second)
      end,
    }, 1010)
    wheel:add(second, 1010)
    wheel:expire(1010)
    assert.same({}, fired)
  end)

  it("agrees with a plain list over random work", function()
    local seed = 7
    local function random(n)
      seed = (seed * 48271) % 2147483647
      return seed % n
    end
    local now, live, expected = 1000, {}, 0
    for i = 1, 3000 do
      local at = now + random(3000)
      local entry = { timer_at = false, at = at }
      function entry.fire(_, when)
        assert.is_true(at <= when)
        live[entry] = nil
      end
      wheel:add(entry, at)
      live[entry] = true
      if i % 3 == 0 then
        local victim = next(live)
        wheel:remove(victim)
        live[victim] = nil
      end
      if i % 5 == 0 then
        now = now + random(40)
        wheel:expire(now)
        for other in pairs(live) do
          assert.is_true(other.at > now)
          expected = expected + 1
        end
      end
    end
    assert.is_true(expected > 0)
  end)
end)
