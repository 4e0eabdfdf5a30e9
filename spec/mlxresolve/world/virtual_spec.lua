local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.world.virtual", function()
  it("moves time only when told to", function()
    local world = virtual.new()
    scheduler.new(world)
    local before = world:now()
    assert.equal(before, world:now())
    world:advance(3600e3)
    assert.equal(before + 3600e3, world:now())
  end)

  it("gives the same chance for the same seed", function()
    local function draw(seed)
      local world = virtual.new { seed = seed }
      return { world:random(), world:random(6), world:random(6) }
    end
    assert.same(draw(7), draw(7))
    assert.not_same(draw(7), draw(8))
    for _ = 1, 100 do
      local world = virtual.new { seed = _ }
      local n = world:random(6)
      assert.is_true(n >= 1 and n <= 6 and n % 1 == 0)
    end
  end)

  it("settles until something is so, and says how long it took", function()
    local world = virtual.new()
    local s = scheduler.new(world)
    local done = false
    s:spawn(function()
      s:sleep(250)
      done = true
      s:sleep(1e6)
    end)
    assert.equal(
      250,
      world:settle(function()
        return done
      end)
    )
  end)

  it("forgets a cancelled operation", function()
    local world = virtual.new()
    scheduler.new(world)
    local woken = false
    local operation = world:native({
      wake = function()
        woken = true
      end,
    }, "a.", 4, world:now() + 100)
    world:cancel("native", operation)
    world:settle()
    assert.is_false(woken)
  end)

  it("lists the entries of a folder in memory", function()
    local world = virtual.new()
    world.files["/etc/b"] = "x"
    world.files["/etc/a"] = "y"
    world.files["/etc/sub/c"] = "z"
    assert.same({ "a", "b" }, world:list_folder("/etc"))
    assert.equal("y", world:read_file("/etc/a"))
    assert.is_nil(world:file_stamp("/etc/none"))
  end)
end)
