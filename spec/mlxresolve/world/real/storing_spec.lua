local core = require("mlxresolve.core")
local real = require("mlxresolve.world.real")
local shell = require("support.shell")
local uv = require("luv")

describe("the real world's store", function()
  local folder, world, events

  before_each(function()
    folder = shell.temp_folder()
    world, events = real.new(), {}
    world.host = { run = function() end }
  end)
  after_each(function()
    world:close()
    uv.run("default")
    shell.remove_folder(folder)
  end)

  local function open(path)
    local cache = core.cache.new { size = 1024 * 1024 }
    local options = { path = path, bytes = 1024 * 1024, now = world:now() }
    local store = assert(world:store(options, cache, function(kind, text, count)
      events[#events + 1] = { kind, text, count }
      uv.stop()
    end))
    return store, cache
  end

  it("tells what happens to the file, in a turn", function()
    local path = folder .. "/cache"
    local store = open(path)
    local guard = uv.new_timer()
    uv.update_time() -- the loop's is from when it ran last
    guard:start(5000, 0, function()
      uv.stop()
    end)
    uv.run("default")
    assert.same({ { "loaded", path, 0 } }, events)
    local packet = core.answer.build("a.example.", "A", { "192.0.2.1" }, 300)
    store:put(packet, world:now(), {})
    assert.is_true(world:close_store(store, 2000))
    local _, cache = open(path)
    uv.run("default")
    guard:close()
    assert.same({ "loaded", path, 1 }, events[2])
    assert.equal(1, cache:stats().entries)
  end)

  it("knows the user", function()
    assert.equal(uv.getuid(), world:uid())
  end)
end)
