--- A scenario with many seeds, one after the other, up to the first that fails.

local run = require("mlxresolve.simulate.run")

local TIDY = 16 -- runs after which what they leave behind is collected

local seeds = {}

---@class mlxresolve.SimSummary
---@field seeds integer      that were run
---@field asked integer      questions
---@field packets integer
---@field seed integer|false  the one that failed
---@field problems mlxresolve.SimProblem[]  of that one
---@field timeline mlxresolve.SimProblem[]|nil

---@class mlxresolve.SimSeeds
---@field policy string       path
---@field scenario mlxresolve.Scenario
---@field files_of mlxresolve.World
---@field first integer
---@field count integer
---@field with_timeline boolean?

---@return mlxresolve.SimSummary
function seeds.summary()
  return { seeds = 0, asked = 0, packets = 0, problems = {}, seed = false }
end

--- Runs one seed. Raises when the policy has got mistakes meanwhile.
---@param options mlxresolve.SimSeeds
---@param seed integer
---@param with_timeline boolean?
---@return mlxresolve.SimOutcome
function seeds.once(options, seed, with_timeline)
  local outcome, mistakes = run.once {
    policy = options.policy,
    scenario = options.scenario,
    seed = seed,
    files_of = options.files_of,
    with_timeline = with_timeline,
  }
  if not outcome then
    error(tostring(mistakes), 0)
  end
  return outcome
end

---@param options mlxresolve.SimSeeds
---@param pause fun()?  called after each seed
---@return mlxresolve.SimSummary
function seeds.run(options, pause)
  local summary = seeds.summary()
  for seed = options.first, options.first + options.count - 1 do
    local outcome = seeds.once(options, seed, options.with_timeline)
    summary.seeds = summary.seeds + 1
    summary.asked = summary.asked + outcome.asked
    summary.packets = summary.packets + outcome.packets
    summary.timeline = outcome.timeline
    if pause then
      pause()
    end
    if #outcome.problems > 0 then
      summary.seed, summary.problems = seed, outcome.problems
      break
    end
    if seed % TIDY == 0 then
      collectgarbage()
    end
  end
  collectgarbage()
  return summary
end

return seeds
