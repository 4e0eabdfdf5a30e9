--- `mlxresolve simulate POLICY SCENARIO…`: runs a policy in simulated networks, and tells which
--- seed fails and how to see that again.

local policies = require("mlxresolve.policy")
local run = require("mlxresolve.simulate.run")
local runtime = require("mlxresolve.cli.runtime")
local scenarios = require("mlxresolve.simulate.scenario")

local SEEDS = 100
local SHOWN = 5 -- problems; the first ones tell most
local TIDY = 16 -- runs after which what they leave behind is collected

local simulate = {}

-- Scenarios that are sound, or nothing when the policy or one of them is not.
local function load_all(cli, args)
  local list, are_good = {}, true
  local policy, mistakes = policies.load(args.policy_file, { world = cli.world })
  if not policy then
    cli.out.write_problem(tostring(mistakes) .. "\n")
    are_good = false
  end
  for i, path in ipairs(args.scenarios) do
    list[i], mistakes = scenarios.load(path, cli.world)
    if not list[i] then
      cli.out.write_problem(tostring(mistakes) .. "\n")
      are_good = false
    end
  end
  return are_good and list
end

local function once(cli, args, scenario, seed, with_timeline)
  local outcome, mistakes = run.once {
    policy = args.policy_file,
    scenario = scenario,
    seed = seed,
    files_of = cli.world,
    with_timeline = with_timeline,
  }
  if not outcome then
    error(tostring(mistakes), 0)
  end
  return outcome
end

-- All seeds, or those up to the first that fails.
local function run_seeds(cli, args, scenario)
  local first = args.seed or 1
  local count = args.seed and 1 or args.seeds or SEEDS
  local summary = { seeds = 0, asked = 0, packets = 0, problems = {}, seed = false }
  for seed = first, first + count - 1 do
    local outcome = once(cli, args, scenario, seed, args.seed and args.trace)
    summary.seeds = summary.seeds + 1
    summary.asked = summary.asked + outcome.asked
    summary.packets = summary.packets + outcome.packets
    summary.timeline = outcome.timeline
    if #outcome.problems > 0 then
      summary.seed, summary.problems = seed, outcome.problems
      if args.trace and not outcome.timeline then
        summary.timeline = once(cli, args, scenario, seed, true).timeline
      end
      break
    end
    if seed % TIDY == 0 then
      collectgarbage()
    end
  end
  collectgarbage()
  return summary
end

---------------------------------------------------------------- printing

local function at(problem)
  return ("%10.3f s  %s"):format(problem.at / 1000, problem.text)
end

local function print_timeline(out, timeline)
  for _, entry in ipairs(timeline or {}) do
    local is_failure = entry.text:find("^FAILED ") ~= nil
    local style = is_failure and "red" or entry.text:find("^step ") and "bold" or nil
    out:line(out:style(style, at(entry)))
  end
end

local function replay_line(args, scenario, seed)
  return ("mlxresolve simulate %s %s --seed %d --trace"):format(
    args.policy_file,
    scenario.file,
    seed
  )
end

local function print_text(out, args, scenario, summary)
  print_timeline(out, summary.timeline)
  if not summary.seed then
    local seeds = args.seed and "seed " .. args.seed or ("%d seeds"):format(summary.seeds)
    local text = "%s: %s (%s, %d questions, %d packets)"
    local ok = out:style("green", "ok")
    out:line(text:format(scenario.file, ok, seeds, summary.asked, summary.packets))
    return
  end
  local failed = out:style("red", "FAILED")
  out:line(("%s: %s with seed %d"):format(scenario.file, failed, summary.seed))
  for i = 1, math.min(#summary.problems, SHOWN) do
    out:line(at(summary.problems[i]))
  end
  if #summary.problems > SHOWN then
    out:line(("%12s  and %d more"):format("", #summary.problems - SHOWN))
  end
  out:line("  to see it again: " .. replay_line(args, scenario, summary.seed))
end

local function print_object(out, args, scenario, summary)
  out:object {
    scenario = scenario.file,
    policy = args.policy_file,
    ok = not summary.seed,
    seeds = summary.seeds,
    questions = summary.asked,
    packets = summary.packets,
    seed = summary.seed,
    problems = summary.problems,
    timeline = summary.timeline or {},
    replay = summary.seed and replay_line(args, scenario, summary.seed) or false,
  }
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function simulate.run(cli, args)
  local list = load_all(cli, args)
  if not list then
    return runtime.MISTAKES
  end
  local are_good = true
  for _, scenario in ipairs(list) do
    local summary = run_seeds(cli, args, scenario)
    are_good = are_good and not summary.seed
    local show = cli.out.is_json and print_object or print_text
    show(cli.out, args, scenario, summary)
  end
  return are_good and runtime.OK or runtime.USAGE
end

return simulate
