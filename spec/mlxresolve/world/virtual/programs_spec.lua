local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.world.virtual.programs", function()
  local world, s

  before_each(function()
    world = virtual.new()
    s = scheduler.new(world)
    world.programs.greet = function(argv)
      return 3, "hello " .. argv[2], "", 20
    end
  end)

  local function run(ms)
    local got
    s:spawn(function()
      got = {
        s:within(ms, function()
          local operation = world:run(s.running, { "greet", "you" })
          return s:wait(function()
            world:cancel("run", operation)
          end)
        end),
      }
    end)
    local passed = world:settle(function()
      return got ~= nil
    end)
    return got, passed
  end

  it("gives the scripted result after its time", function()
    local got, passed = run(100)
    assert.same({ 3, "hello you", "" }, got)
    assert.equal(20, passed)
    assert.same({ { argv = { "greet", "you" }, at = 1000, is_over = true } }, world.ran)
  end)

  it("forgets a program that was cancelled", function()
    local got = run(10)
    assert.equal("ETIMEOUT", got[3])
    world:advance(1000)
    assert.is_false(world.ran[1].is_over)
  end)

  it("has no other programs", function()
    local _, message, code = world:run({}, { "other" })
    assert.equal("other: no such file or directory", message)
    assert.equal("ENOENT", code)
  end)
end)
