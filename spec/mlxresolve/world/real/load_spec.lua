describe("mlxresolve.world.real.load", function()
  local real = require("mlxresolve.world.real")
  local world, told

  before_each(function()
    world, told = real.new(), {}
    world:watch_load(function(is_busy)
      told[#told + 1] = is_busy
    end)
  end)

  after_each(function()
    world:close()
  end)

  --- So many items in each of so many turns, a turn every `ms`.
  local function handle(items, turns, ms)
    for _ = 1, turns do
      world.time = world.time + ms
      world:count_load(items)
    end
  end

  it("tells once that a thousand items a second are handled", function()
    handle(1, 999, 0.5)
    assert.same({}, told)
    handle(1, 1, 0.5)
    assert.same({ true }, told)
    handle(64, 200, 30)
    assert.same({ true }, told)
  end)

  it("tells that it is over", function()
    handle(64, 100, 1)
    handle(1, 3000, 10)
    assert.same({ true, false }, told)
  end)

  it("says nothing of a few items at a time", function()
    handle(3, 5000, 50)
    assert.same({}, told)
  end)

  it("counts what the loop handles", function()
    local counted = 0
    function world:count_load(items) -- luacheck: ignore 212
      counted = counted + items
    end
    local s = require("mlxresolve.scheduler").new(world)
    s:spawn(function()
      local waiting = s:current()
      local receiver = assert(world:udp({ bind = "127.0.0.1:0" }, function(data)
        return data == "last" and waiting:wake()
      end))
      local sender = assert(world:udp({ bind = "127.0.0.1:0" }, function() end))
      for _, text in ipairs { "first", "second", "last" } do
        sender:send(text, receiver:address())
      end
      s:within(4000, s.wait, s)
      s:sleep(1)
      world:close()
    end)
    require("luv").run()
    assert.equal(3, counted)
  end)
end)
