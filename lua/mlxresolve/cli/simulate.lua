--- `mlxresolve simulate POLICY SCENARIO…`: runs a policy in simulated networks, and tells which
--- seed fails and how to see that again.

local policies = require("mlxresolve.policy")
local runtime = require("mlxresolve.cli.runtime")
local scenarios = require("mlxresolve.simulate.scenario")
local seeds = require("mlxresolve.simulate.seeds")
local workers = require("mlxresolve.simulate.workers")

local SEEDS = 100
local SHOWN = 5 -- problems; the first ones tell most

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

-- `--seed` is a replay of one; what chooses several cannot be meant beside it.
local function check_numbers(args)
  for _, name in ipairs { "seeds", "first" } do
    if args.seed and args[name] then
      local form = "--seed runs that seed alone: leave out --%s, or say --first %d --seeds NUMBER"
      return nil, form:format(name, args.seed)
    end
  end
  return true
end

-- In this process. The loop runs for a moment after each seed, or an interrupt would go unnoticed.
local function run_one_by_one(cli, options)
  return cli:run(function(scheduler)
    return seeds.run(options, function()
      scheduler:sleep(1)
    end)
  end)
end

-- All seeds, or those up to the first that fails.
local function run_seeds(cli, args, scenario)
  local options = {
    policy = args.policy_file,
    scenario = scenario,
    files_of = cli.world,
    first = args.seed or args.first or 1,
    count = args.seed and 1 or args.seeds or SEEDS,
    with_timeline = args.seed and args.trace,
    jobs = args.jobs or cli.world:processors(),
    executable = cli.host.executable,
  }
  local summary, message, code
  if options.jobs > 1 and options.count > 1 then
    summary, message, code = cli:run(function(scheduler)
      return workers.run(scheduler, options)
    end)
  else
    summary, message, code = run_one_by_one(cli, options)
  end
  if not summary then
    return nil, message, code
  end
  if summary.seed and args.trace and not summary.timeline then
    summary.timeline = seeds.once(options, summary.seed, true).timeline
  end
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
    local which = args.seed and "seed " .. args.seed or ("%d seeds"):format(summary.seeds)
    local text = "%s: %s (%s, %d questions, %d packets)"
    local ok = out:style("green", "ok")
    out:line(text:format(scenario.file, ok, which, summary.asked, summary.packets))
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

-- Each run loads the policy anew, and what is compiled of it is new to LuaJIT: with its usual
-- limits more than half of the time goes into compiling what was thrown away.
local function prepare_compiler()
  jit.opt.start("hotloop=300", "hotexit=100", "maxtrace=20000", "maxmcode=65536")
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function simulate.run(cli, args)
  local is_sound, problem = check_numbers(args)
  if not is_sound then
    cli.out:problem("%s", problem)
    return runtime.USAGE
  end
  prepare_compiler()
  local list = load_all(cli, args)
  if not list then
    return runtime.MISTAKES
  end
  local are_good = true
  for _, scenario in ipairs(list) do
    local summary, message, code = run_seeds(cli, args, scenario)
    if not summary then
      if code ~= "EINTR" then
        cli.out.write_problem(message .. "\n")
      end
      return code == "EINTR" and runtime.INTERRUPTED or runtime.USAGE
    end
    are_good = are_good and not summary.seed
    local show = cli.out.is_json and print_object or print_text
    show(cli.out, args, scenario, summary)
  end
  return are_good and runtime.OK or runtime.USAGE
end

return simulate
