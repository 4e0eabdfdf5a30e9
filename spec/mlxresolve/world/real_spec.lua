local scheduler = require("mlxresolve.scheduler")
local uv = require("luv")

describe("mlxresolve.world.real", function()
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

  local function count_handles()
    local n = 0
    uv.walk(function(handle)
      if not handle:is_closing() then
        n = n + 1
      end
    end)
    return n
  end

  it("keeps time within a turn, and sleeps about as long as asked", function()
    local before = count_handles()
    local took = run(function()
      local start = s:now()
      local same = s:now() == start
      s:sleep(20)
      return same and s:now() - start
    end)
    assert.is_true(took >= 19.9 and took < 1000)
    assert.is_true(count_handles() <= before)
  end)

  it("draws numbers in their range", function()
    local seen = {}
    for _ = 1, 400 do
      local n = world:random(4)
      assert.is_true(n == 1 or n == 2 or n == 3 or n == 4)
      seen[n] = true
      local f = world:random()
      assert.is_true(f >= 0 and f < 1)
    end
    assert.equal(4, #seen)
    world:close()
  end)

  it("asks a server, and says what it refused", function()
    local message, code = run(function()
      local task = s:current()
      local operation = assert(world:exchange(task, "127.0.0.1:9", "a.example.", 1, 500))
      local _, text, problem = s:wait(function()
        world:cancel("exchange", operation)
      end)
      return text, problem
    end)
    assert.matches("127.0.0.1:9", message)
    assert.is_true(code == "ECONNREFUSED" or code == "ETIMEOUT")
  end)

  it("says what a bad server address is", function()
    local operation, message, code = world:exchange({}, "no address", "a.", 1, 500)
    assert.is_nil(operation)
    assert.is_string(message)
    assert.equal("ETEXT", code)
    world:close()
  end)

  it("reads the machine's interfaces", function()
    local found
    for _, interface in ipairs(world:interfaces()) do
      found = found or interface.kind == "loopback"
    end
    assert.is_true(found)
    world:close()
  end)

  it("closes with everything open", function()
    local before = count_handles()
    world:udp({ bind = "127.0.0.1:0" }, function() end)
    world:watch_network(function() end)
    world:exchange({ wake = function() end }, "127.0.0.1:9", "a.example.", 1, 500)
    world:signals(function() end)
    world:close()
    world:close()
    uv.run("nowait")
    assert.is_true(count_handles() <= before)
  end)

  it("refuses to be loaded first inside a coroutine", function()
    local command = [[luajit -e 'package.path="./lua/?.lua;./lua/?/init.lua;"..package.path
      package.cpath="./build/?.so;"..package.cpath
      coroutine.wrap(function() require("mlxresolve.world.real") end)()' 2>&1]]
    local pipe = io.popen(command)
    local text = pipe:read("*a")
    pipe:close()
    assert.matches("main thread first", text)
  end)
end)
