local scheduler = require("mlxresolve.scheduler")
local uv = require("luv")

describe("mlxresolve.world.real.turns", function()
  local real = require("mlxresolve.world.real")
  local world, s, lines

  before_each(function()
    lines = {}
    world = real.new {
      log = function(level, text)
        lines[#lines + 1] = level .. ": " .. text
      end,
    }
    s = scheduler.new(world)
  end)

  --- Runs `fn` in a task and the loop until it has ended.
  local function run(fn)
    local got
    local guard = uv.new_timer()
    uv.update_time() -- the loop's is from when it ran last
    guard:start(5000, 0, function()
      uv.stop()
    end)
    s:spawn(function()
      local results = { s:within(4000, fn) }
      world:close()
      got = results
      guard:close()
    end)
    uv.run()
    assert(got, "the task did not end: " .. table.concat(lines, "\n"))
    return unpack(got, 1, 4)
  end

  it("survives an error in a step: it is logged, and the world goes on", function()
    local got = {}
    local receiver
    receiver = assert(world:udp({ bind = "127.0.0.1:0" }, function(data)
      got[#got + 1] = data
      if data == "bad" then
        error("boom")
      end
    end))
    local sender = assert(world:udp({ bind = "127.0.0.1:0" }, function() end))
    run(function()
      sender:send("bad", receiver:address())
      s:sleep(30)
      sender:send("good", receiver:address())
      s:sleep(30)
    end)
    assert.same({ "bad", "good" }, got)
    assert.matches("error: .*boom.*traceback", table.concat(lines, "\n"))
  end)

  it("keeps time within a turn", function()
    local same = run(function()
      local start = s:now()
      for _ = 1, 1e5 do
      end
      return s:now() == start
    end)
    assert.is_true(same)
  end)
end)
