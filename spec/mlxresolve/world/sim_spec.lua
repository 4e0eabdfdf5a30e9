local meta = require("support.meta")
local sim = require("mlxresolve.world.sim")
local sim_bed = require("support.sim_bed")
local virtual = require("mlxresolve.world.virtual")

-- What only programs that serve need.
local SERVING = {
  listen = true,
  http = true,
  store = true,
  close_store = true,
  reports = true,
  signals = true,
  loop = true,
  stop = true,
  watch_load = true,
}

describe("mlxresolve.world.sim", function()
  it("has every function of a world", function()
    local world = sim.new()
    local count = 0
    for name in pairs(meta.read("world").World.functions) do
      if not SERVING[name] then
        count = count + 1
        assert.equal("function", type(world[name]), name)
      end
    end
    assert.is_true(count > 10)
    for name in pairs(SERVING) do
      assert.is_nil(world[name])
    end
  end)

  it("runs the host when it is due, and what is planned in between, in order", function()
    local bed = sim_bed.new()
    local seen = {}
    bed.scheduler:spawn(function()
      bed.scheduler:sleep(10)
      seen[#seen + 1] = "task " .. bed.world:now() - 100000
    end)
    bed.world.clock:after(5, function()
      seen[#seen + 1] = "event"
    end)
    bed:pass(100)
    assert.same({ "event", "task 10" }, seen)
    assert.equal(100100, bed.world:now())
  end)

  it("stops as soon as what is waited for is there", function()
    local bed = sim_bed.new()
    local is_done = false
    bed.world.clock:after(5, function()
      is_done = true
    end)
    bed.world.clock:after(6, error)
    bed.world:run_until(bed.world.clock.time + 100, function()
      return is_done
    end)
    assert.equal(100005, bed.world.clock.time)
  end)

  it("says when it does not come to rest", function()
    local bed = sim_bed.new()
    local function again()
      bed.world.clock:after(0, again)
    end
    again()
    assert.has_error(function()
      bed:pass(1)
    end, "the simulated world does not come to rest")
  end)

  it("draws the machine's chance from the seed", function()
    local function draw(seed)
      local world = sim.new { seed = seed }
      return table.concat({ world:random(1e6), world:random(1e6), world:random() }, " ")
    end
    assert.equal(draw(1), draw(1))
    assert.are_not.equal(draw(1), draw(2))
  end)

  it("ends operations with what they found, unless they were cancelled", function()
    local world = sim_bed.new().world
    local first, second = sim_bed.waiter(), sim_bed.waiter()
    local function finish()
      return "a", "b"
    end
    world:begin(first, 5, finish)
    local number = world:begin(second, 5, finish)
    world:cancel("read", number)
    world:cancel("read", number)
    assert.equal(1, world.pending)
    world:run_until(world.clock.time + 10)
    assert.same({ "a", "b" }, first.got)
    assert.is_nil(second.got)
    assert.equal(0, world.pending)
  end)

  it("has files of its own, and those of another world while a policy is loaded", function()
    local world, other = sim.new(), virtual.new()
    world.files["/etc/hosts"] = "one"
    other.files["/etc/hosts"], other.files["/plugins/a.lua"] = "two", "return {}"
    other.environment.HOME = "/home/u"
    assert.is_nil(world:read_file("/plugins/a.lua"))
    world.files_of = other
    assert.equal("one", world:read_file("/etc/hosts"))
    assert.equal("return {}", world:read_file("/plugins/a.lua"))
    assert.same({ "a.lua" }, world:list_folder("/plugins"))
    assert.equal("/home/u", world:env("HOME"))
    local stamp = world:file_stamp("/etc/hosts")
    world.files["/etc/hosts"] = "three"
    assert.are_not.equal(stamp, world:file_stamp("/etc/hosts"))
    assert.is_nil(world:file_stamp("/nothing"))
  end)

  it("keeps its log, and tells the timeline", function()
    local bed = sim_bed.new()
    local told
    function bed.world.on_note(text)
      told = text
    end
    bed.world:log("warn", "100 % odd")
    assert.same({ "warn: 100 % odd" }, bed.world.lines)
    assert.equal("log warn: 100 % odd", told)
    assert.equal("mini1", bed.world:hostname())
  end)
end)
