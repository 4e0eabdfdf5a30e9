local clocks = require("mlxresolve.world.sim.clock")

describe("mlxresolve.world.sim.clock", function()
  local clock, seen

  local function see(what)
    seen[#seen + 1] = what
  end

  local function run()
    while clock:next() do
      clock:step()
    end
  end

  before_each(function()
    clock, seen = clocks.new(100), {}
  end)

  it("lets events happen by time, those of one moment as they were planned", function()
    for _, event in ipairs { { 7, "d" }, { 3, "a" }, { 5, "b" }, { 5, "c" }, { 9, "e" } } do
      clock:after(event[1], see, event[2])
    end
    run()
    assert.equal("abcde", table.concat(seen))
    assert.equal(109, clock.time)
  end)

  it("keeps order among very many", function()
    for i = 1, 1000 do
      clock:after((i * 7919) % 1000, see, (i * 7919) % 1000)
    end
    run()
    assert.equal(1000, #seen)
    for i = 2, #seen do
      assert.is_true(seen[i - 1] <= seen[i])
    end
  end)

  it("forgets what is cancelled, before and after it happened", function()
    local first = clock:after(1, see, "a")
    local second = clock:after(2, see, "b")
    clock:cancel(second)
    assert.equal(1, clock.count)
    run()
    clock:cancel(first)
    assert.same({ "a" }, seen)
    assert.equal(0, clock.count)
    assert.equal(101, clock.time)
  end)

  it("takes what is past for now", function()
    clock:at(1, see, "late")
    assert.equal(100, clock:next())
  end)
end)
