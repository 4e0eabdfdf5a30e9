--- Steady time, and what becomes of it while nobody looks.

local clocks = require("support.clocks")
local shell = require("support.shell")

local PRELUDE = [==[
local core = require("mlxresolve.core")
local uv = require("luv")
local ffi = require("ffi")
local told = { 0, 0 }
local function tell(slept, set_by)
  local file = assert(io.open(os.getenv("MLXT_CLOCKS"), "r+b"))
  file:write(ffi.string(ffi.new("int64_t[2]", slept, set_by), 16))
  file:close()
end
local watch = assert(core.clock.watch())
local events = {}
local poll = uv.new_poll(watch:fd())
poll:start("r", function()
  local batch = {}
  for i = 1, assert(watch:step(core.now(), batch)) do
    local event = batch[i]
    events[#events + 1] = ("%s %d"):format(event.type, event.slept or event.by)
  end
end)
--- What is told until `count` events have come, or for 200 ms.
local function heard(count)
  local give_up = uv.hrtime() + 2e9
  local quiet = uv.hrtime() + 2e8
  while #events < count and uv.hrtime() < give_up or count == 0 and uv.hrtime() < quiet do
    uv.run("nowait")
    uv.sleep(2)
  end
  local text = table.concat(events, ", ")
  events = {}
  return text
end
local function expect(want, have)
  if want ~= have then
    error(("expected %s, got %s"):format(tostring(want), tostring(have)), 2)
  end
end
]==]

describe("core.clock", function()
  local machine

  setup(function()
    machine = not clocks.missing() and clocks.new()
  end)
  teardown(function()
    if machine then
      machine:close()
    end
  end)

  local function inside(code)
    return function()
      if not machine then
        return pending(clocks.missing())
      end
      machine:sleep(0)
      machine:set(0)
      local file = machine.folder .. "/code.lua"
      shell.write(file, PRELUDE .. code)
      local words = { "env", "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath }
      for name, value in pairs(machine:environment()) do
        words[#words + 1] = name .. "=" .. value
      end
      words[#words + 1] = "luajit"
      words[#words + 1] = file
      local out = machine.folder .. "/out"
      local status = os.execute(("timeout 60 %s >%s 2>&1"):format(shell.command(words), out))
      assert(status == 0, shell.read(out))
    end
  end

  it(
    "goes on while the machine sleeps",
    inside([[
      local before = core.now()
      tell(3600e3, 0)
      local passed = core.now() - before
      assert(passed >= 3600e3 and passed < 3610e3, passed)
    ]])
  )

  it(
    "is not touched when the wall clock is set",
    inside([[
      for _, by in ipairs { 3600e3, -7200e3, 10 * 365 * 86400e3 } do
        local before = core.now()
        tell(0, by)
        local passed = core.now() - before
        assert(passed >= 0 and passed < 10e3, passed)
      end
    ]])
  )

  it(
    "tells how long the machine has slept",
    inside([[
      tell(3600e3, 0)
      expect("resumed 3600000", heard(1))
      tell(3605e3, 0)
      expect("resumed 5000", heard(1))
    ]])
  )

  it(
    "tells by how much the wall clock was set, and which way",
    inside([[
      tell(0, 3600e3)
      expect("clock_jumped 3600000", heard(1))
      tell(0, -3600e3)
      expect("clock_jumped -7200000", heard(1))
    ]])
  )

  it(
    "tells both when a machine wakes with another date",
    inside([[
      tell(60e3, 3600e3)
      expect("resumed 60000, clock_jumped 3600000", heard(2))
    ]])
  )

  it(
    "says nothing of less than a second, nor of nothing",
    inside([[
      tell(0, 900)
      expect("", heard(0))
      expect(0, watch:step(core.now(), {}))
    ]])
  )

  it("is quiet when it is closed, and says so when it is used after", function()
    local core = require("mlxresolve.core")
    local watch = assert(core.clock.watch())
    assert.is_true(watch:fd() >= 0)
    watch:close()
    watch:close()
    assert.error_matches(function()
      watch:step(core.now(), {})
    end, "this watch is closed")
  end)
end)
