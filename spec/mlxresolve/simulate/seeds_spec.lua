local scenario = require("mlxresolve.simulate.scenario")
local seeds = require("mlxresolve.simulate.seeds")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.simulate.seeds", function()
  local function run(loss, fields, pause)
    local network = sim_bed.network:gsub("desk = {}", ("desk = { loss = %g }"):format(loss))
    local world = sim_bed.files(network .. 'timeline = { { at = "1s", ask = "mini2.local" } }')
    local options = {
      policy = "policy.lua",
      scenario = assert(scenario.load("s.lua", world)),
      files_of = world,
      first = 1,
      count = 5,
    }
    for key, value in pairs(fields or {}) do
      options[key] = value
    end
    return seeds.run(options, pause)
  end

  it("runs all seeds and sums up what they did", function()
    local summary = run(0)
    assert.same({ 5, 5, false, {} }, {
      summary.seeds,
      summary.asked,
      summary.seed,
      summary.problems,
    })
    assert.is_true(summary.packets >= 10)
  end)

  it("pauses after each, so that an interrupt is noticed", function()
    local pauses = 0
    run(0, { count = 3 }, function()
      pauses = pauses + 1
    end)
    assert.equal(3, pauses)
  end)

  it("ends with the first that fails", function()
    local summary = run(1, { first = 7 })
    assert.same({ 1, 7 }, { summary.seeds, summary.seed })
    assert.is_truthy(summary.problems[1].text:find("expected an address", 1, true))
  end)

  it("keeps the timeline when it is wanted", function()
    assert.is_nil(run(0).timeline)
    assert.is_truthy(run(0, { count = 1, with_timeline = true }).timeline[1])
  end)
end)
