local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")
local sim_bed = require("support.sim_bed")
local simulate = require("mlxresolve.cli.simulate")

local GOOD = sim_bed.network .. 'timeline = { { at = "1s", ask = "mini2.local" } }'
-- With a seed in ten or so the packets of two seconds are all lost.
local FRAGILE = sim_bed.network:gsub("desk = {}", "desk = { loss = 0.5 }")
  .. 'timeline = { { at = "1s", ask = "mini2.local" } }'
local BAD = sim_bed.network .. 'timeline = { { at = "1s", ask = "mini9.local" } }'

local function run(fields, args, options)
  options = options or {}
  options.world = sim_bed.files(fields, options.policy, fake_cli.world())
  local cli = fake_cli.new(options)
  args.policy_file, args.scenarios = "policy.lua", args.scenarios or { "s.lua" }
  local code = simulate.run(cli, args)
  return code, cli.shown
end

describe("mlxresolve.cli.simulate", function()
  it("says ok for a scenario that holds with all seeds", function()
    local code, shown = run(GOOD, { seeds = 3 })
    assert.equal(0, code)
    assert.is_truthy(shown.stdout:find("^s.lua: ok %(3 seeds, 3 questions, %d+ packets%)\n$"))
    assert.equal("", shown.stderr)
  end)

  it("runs a hundred seeds unless told otherwise, or one", function()
    assert.is_truthy(select(2, run(GOOD, {})).stdout:find("ok (100 seeds, ", 1, true))
    assert.is_truthy(select(2, run(GOOD, { seed = 7 })).stdout:find("ok (seed 7, ", 1, true))
  end)

  it("begins with another seed when told to", function()
    local _, shown = run(BAD, { seeds = 5, first = 4 })
    assert.is_truthy(shown.stdout:find("^s.lua: FAILED with seed 4\n"), shown.stdout)
  end)

  it("refuses --seed beside what chooses several seeds", function()
    for _, name in ipairs { "seeds", "first" } do
      local code, shown = run(GOOD, { seed = 4, [name] = 3 })
      assert.equal(1, code)
      assert.equal("", shown.stdout)
      local expected = "--seed runs that seed alone: leave out --" .. name
      assert.is_truthy(shown.stderr:find(expected, 1, true), shown.stderr)
    end
  end)

  it("ends with 130 when it is interrupted in its own process", function()
    local world = sim_bed.files(GOOD, nil, fake_cli.world())
    local cli = fake_cli.new { world = world }
    world:begin({ wake = function() end }, 0, function()
      world.signal("sigint")
    end)
    local args = { policy_file = "policy.lua", scenarios = { "s.lua" }, seeds = 60, jobs = 1 }
    assert.equal(130, simulate.run(cli, args))
    assert.equal("", cli.shown.stdout)
    assert.equal("", cli.shown.stderr)
  end)

  it("says the same with several processes as with one", function()
    local function of(jobs)
      local command =
        "build/mlxresolve simulate examples/home.lua examples/scenarios/cable_pulled.lua"
      local pipe = assert(io.popen(("%s --seeds 60 --jobs %d 2>&1"):format(command, jobs)))
      local text = pipe:read("*a")
      pipe:close()
      return text
    end
    assert.is_truthy(of(1):find("ok (60 seeds, ", 1, true))
    assert.equal(of(1), of(3))
  end)

  -- What LuaJIT makes of `pairs`, and the cache of its hashes, hangs on a secret of each process.
  it("does the same in every process", function()
    local command = "build/mlxresolve simulate examples/cluster.lua %s --seed 1 --trace 2>&1"
    for _, name in ipairs { "hotspot", "wifi_switch" } do
      local first
      for _ = 1, 3 do
        local pipe = assert(io.popen(command:format("examples/scenarios/" .. name .. ".lua")))
        local text = pipe:read("*a")
        pipe:close()
        first = first or text
        assert.equal(first, text)
      end
    end
  end)

  -- Compiled loops over `pairs` once went on with the iterator that they had been compiled for.
  it("does the same however much has been compiled", function()
    local command = "build/mlxresolve simulate examples/cluster.lua examples/scenarios/hotspot.lua"
    local first
    for _ = 1, 4 do
      local pipe = assert(io.popen(command .. " --seeds 20 --jobs 1 2>&1"))
      local text = pipe:read("*a")
      pipe:close()
      first = first or text
      assert.is_truthy(text:find("ok (20 seeds, ", 1, true), text)
      assert.equal(first, text)
    end
  end)

  it("tells the seed that fails, and the line that replays it; the replay fails alike", function()
    local code, shown = run(FRAGILE, {})
    assert.equal(1, code)
    local seed = shown.stdout:match("^s.lua: FAILED with seed (%d+)\n")
    assert.is_truthy(seed, shown.stdout)
    local problem = shown.stdout:match("\n(%s+1%.%d+ s  mini2.local.: expected an address.-)\n")
      or shown.stdout:match("\n(%s+[%d.]+ s  mini2.local.: .-)\n")
    local line = "to see it again: mlxresolve simulate policy.lua s.lua --seed %s --trace\n"
    assert.is_truthy(shown.stdout:find(line:format(seed), 1, true), shown.stdout)
    local again, replay = run(FRAGILE, { seed = tonumber(seed), trace = true })
    assert.equal(1, again)
    assert.is_truthy(replay.stdout:find(problem, 1, true), replay.stdout)
    assert.is_truthy(replay.stdout:find("ask mini2.local. A", 1, true))
  end)

  it("shows the timeline of the seed that fails", function()
    local _, shown = run(BAD, { seeds = 5, trace = true })
    assert.is_truthy(shown.stdout:find("query A mini9.local.", 1, true))
    assert.is_truthy(shown.stdout:find("FAILED mini9.local.: expected an address", 1, true))
  end)

  it("prints one object a scenario as JSON", function()
    local _, shown = run(GOOD, { seeds = 2 }, { is_json = true })
    local object = json.decode(shown.stdout)
    assert.same({ "s.lua", true, 2, {} }, {
      object.scenario,
      object.ok,
      object.seeds,
      object.problems,
    })
    _, shown = run(BAD, {}, { is_json = true })
    object = json.decode(shown.stdout)
    assert.same({ false, 1 }, { object.ok, object.seed })
    assert.is_truthy(object.replay:find("--seed 1 --trace", 1, true))
  end)

  it("tells all mistakes of the policy and the scenarios, and ends with 4", function()
    local code, shown = run("timelin = {}", { scenarios = { "s.lua", "none.lua" } }, {
      policy = "return nothing",
    })
    assert.equal(4, code)
    assert.equal("", shown.stdout)
    for _, text in ipairs {
      "policy.lua:1:8: error: undefined variable 'nothing'",
      "unknown option 'timelin' (did you mean 'timeline'?)",
      "none.lua: error: cannot read the scenario",
    } do
      assert.is_truthy(shown.stderr:find(text, 1, true), text .. "\n" .. shown.stderr)
    end
  end)
end)
