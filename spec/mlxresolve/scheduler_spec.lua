local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.scheduler", function()
  local world, s

  before_each(function()
    world = virtual.new()
    s = scheduler.new(world)
  end)

  it("runs a task after spawn has returned", function()
    local order = {}
    s:spawn(function(word)
      order[#order + 1] = word
    end, "task")
    order[#order + 1] = "spawner"
    world:settle()
    assert.same({ "spawner", "task" }, order)
  end)

  it("sleeps on the virtual clock", function()
    local woke
    s:spawn(function()
      s:sleep(2500)
      woke = s:now()
    end)
    world:settle()
    assert.equal(3500, woke)
  end)

  it("raises in the wait when the deadline passes, and cancels the operation", function()
    local cancelled, result
    s:spawn(function()
      result = {
        s:within(100, function()
          s:wait(function(object, argument)
            cancelled = { object, argument }
          end, "object", "argument")
        end),
      }
    end)
    world:settle()
    assert.same({ "object", "argument" }, cancelled)
    assert.same({ nil, "took longer than 100 ms", "ETIMEOUT" }, result)
  end)

  it("lets the outer deadline end an inner attempt that has more time", function()
    local inner, outer
    s:spawn(function()
      outer = {
        s:within(50, function()
          inner = { s:within(100, s.sleep, s, 1000) }
        end),
      }
    end)
    world:settle()
    assert.is_nil(inner)
    assert.equal("ETIMEOUT", outer[3])
    assert.equal(1050, world:now())
  end)

  it("raises again in every later wait of a cancelled task that swallows it", function()
    local raised = 0
    local task = s:spawn(function()
      for _ = 1, 3 do
        local ok = pcall(s.sleep, s, 1000)
        raised = raised + (ok and 0 or 1)
      end
    end)
    world:advance(10)
    s:cancel(task)
    world:settle()
    assert.equal(3, raised)
    assert.equal(1010, world:now())
  end)

  it("closes what a task opened when it ends, is cancelled or fails", function()
    local closed = {}
    local function thing(name)
      return {
        close = function()
          closed[#closed + 1] = name
        end,
      }
    end
    s.on_error = function() end
    s:spawn(function()
      s:own(thing("ended"))
    end)
    s:spawn(function()
      s:own(thing("failed"))
      error("boom")
    end)
    local task = s:spawn(function()
      s:own(thing("cancelled"))
      s:sleep(1e6)
    end)
    world:advance(1)
    s:cancel(task)
    world:settle()
    assert.same({ "ended", "failed", "cancelled" }, closed)
    assert.equal(0, s.live)
  end)

  it("closes what an attempt opened when the attempt ends, not before", function()
    local log = {}
    s:spawn(function()
      s:own {
        close = function()
          log[#log + 1] = "outer"
        end,
      }
      s:attempt(false, function()
        s:own {
          close = function()
            log[#log + 1] = "inner"
          end,
        }
      end)
      log[#log + 1] = "after"
    end)
    world:settle()
    assert.same({ "inner", "after", "outer" }, log)
  end)

  it("reports an error nobody waits for with its traceback, and goes on", function()
    local problem, others
    s.on_error = function(_, text)
      problem = text
    end
    s:spawn(function()
      error("boom")
    end)
    s:spawn(function()
      others = true
    end)
    world:settle()
    assert.matches("boom", problem)
    assert.matches("traceback", problem)
    assert.is_true(others)
  end)

  it("does not wake a pooled task by a handle of its predecessor", function()
    local handle, ended
    s:spawn(function()
      handle = s:handle(s:current())
    end)
    world:settle()
    s:spawn(function()
      s:sleep(10)
      ended = true
    end)
    handle:close()
    world:settle()
    assert.is_true(ended)
  end)

  it("refuses to wait outside of a task", function()
    assert.has_error(function()
      s:sleep(1)
    end, "waiting is possible inside a task only")
  end)

  it("uses no task twice after a wait that table.sort or string.gsub has in its way", function()
    local cancelled, problem
    s:spawn(function()
      s:attempt(50, function()
        problem = select(
          2,
          pcall(table.sort, { 2, 1 }, function()
            s:wait(function()
              cancelled = true
            end)
          end)
        )
      end)
    end)
    world:advance(1000)
    assert.matches("cannot wait", problem)
    assert.is_true(cancelled)
    local ended = 0
    for _ = 1, 8 do
      s:spawn(function()
        s:sleep(10)
        ended = ended + 1
      end)
    end
    world:advance(1000)
    assert.equal(8, ended)
    assert.same({}, world.logged or {})
  end)

  it("calls a timer at its moment and not a rounding error before", function()
    local early, count = 0, 0
    for i = 1, 200 do
      world:advance(i / 7)
      local due = world:now() + 100 + i / 3
      s:at(due, function(_, now)
        count = count + 1
        early = early + (now < due and 1 or 0)
      end)
    end
    world:advance(1000)
    assert.same({ 200, 0 }, { count, early })
  end)

  it("calls a timer once, and not after stop", function()
    local calls = 0
    local function count()
      calls = calls + 1
    end
    s:after(10, count)
    s:stop(s:after(10, count))
    world:settle()
    assert.equal(1, calls)
  end)

  it("reuses coroutines", function()
    local seen = {}
    for _ = 1, 5 do
      s:spawn(function()
        seen[coroutine.running()] = true
      end)
      world:settle()
    end
    local n = 0
    for _ in pairs(seen) do
      n = n + 1
    end
    assert.equal(1, n)
  end)

  it("gives up a wait at its own time without ending the task", function()
    local cancelled, value = false, "unset"
    s:spawn(function()
      value = s:wait(function()
        cancelled = true
      end, nil, nil, s:now() + 5)
    end)
    world:settle()
    assert.is_true(cancelled)
    assert.is_nil(value)
  end)
end)
