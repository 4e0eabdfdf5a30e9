local json = require("mlxresolve.json")
local schedulers = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")
local workers = require("mlxresolve.simulate.workers")

describe("mlxresolve.simulate.workers", function()
  local world, argvs, most, running

  before_each(function()
    world, argvs, most, running = virtual.new(), {}, 0, 0
  end)

  -- `answer(first, count)` returns the object that a process prints, or an exit code and a problem.
  local function run(count, jobs, answer)
    function world.programs.me(argv)
      argvs[#argvs + 1] = table.concat(argv, " ")
      running = running + 1
      most = math.max(most, running)
      local said, problem = answer(tonumber(argv[6]), tonumber(argv[8]))
      world:begin({
        wake = function()
          running = running - 1
        end,
      }, 10, function() end)
      if type(said) == "number" then
        return said, "", problem, 10
      end
      return 0, json.encode(said) .. "\n", "", 10
    end
    local scheduler = schedulers.new(world)
    local results
    scheduler:spawn(function()
      results = {
        workers.run(scheduler, {
          executable = "me",
          policy = "policy.lua",
          scenario = { file = "s.lua" },
          files_of = world,
          first = 1,
          count = count,
          jobs = jobs,
        }),
      }
    end)
    world:settle(function()
      return results
    end)
    return unpack(results, 1, 3)
  end

  local function good(_, count)
    local asked, packets = count * 2, count * 3
    return { seeds = count, questions = asked, packets = packets, seed = false, problems = {} }
  end

  it("gives each process its share, as many at a time as it is told", function()
    local summary = run(100, 2, good)
    assert.same({ 100, 200, 300, false }, {
      summary.seeds,
      summary.asked,
      summary.packets,
      summary.seed,
    })
    local text = "me simulate policy.lua s.lua --first 1 --seeds 20 --jobs 1 --json"
    assert.equal(text, argvs[1])
    assert.same({ 5, 2 }, { #argvs, most })
  end)

  it("makes large shares where there are many seeds, and one of few", function()
    run(1000, 2, good)
    assert.equal(6, #argvs)
    argvs = {}
    run(7, 2, good)
    assert.same({ "me simulate policy.lua s.lua --first 1 --seeds 7 --jobs 1 --json" }, argvs)
  end)

  it("tells the first seed that fails, whoever found one earlier", function()
    local summary = run(80, 2, function(first, count)
      if first <= 21 then
        local problems = { { at = 1, text = "from " .. first } }
        return { seeds = 5, questions = 5, packets = 5, seed = first + 4, problems = problems }
      end
      return good(first, count)
    end)
    assert.same({ 5, "from 1" }, { summary.seed, summary.problems[1].text })
    assert.equal(5, summary.seeds)
    assert.equal(2, #argvs)
  end)

  it("fails when a process does", function()
    local summary, message, code = run(40, 2, function()
      return 4, "no such policy"
    end)
    assert.same({ nil, "EIO" }, { summary, code })
    assert.equal("seeds 1 to 20 were not run: no such policy", message)
  end)
end)
