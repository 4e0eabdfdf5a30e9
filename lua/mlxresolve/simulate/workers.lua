--- Seeds spread over processes of our own program, so that all processors work. The result is the
--- one that a single process would have: the first seed that fails is told, whoever found it.

local groups = require("mlxresolve.group")
local json = require("mlxresolve.json")
local seeds = require("mlxresolve.simulate.seeds")

local SHARES = 3 -- for each process, so that none is left with the longest
local SMALLEST = 20 -- seeds that are worth a process

local workers = {}

local function cancel_run(world, operation)
  world:cancel("run", operation)
end

local function run_program(scheduler, world, argv)
  local operation, message, code = world:run(scheduler.running, argv)
  if not operation then
    return nil, message, code
  end
  return scheduler:wait(cancel_run, world, operation)
end

-- What a process said; nil and a message when it did not do what it is for.
local function run_share(scheduler, options, share)
  local argv = {
    options.executable,
    "simulate",
    options.policy,
    options.scenario.file,
    "--first",
    tostring(share.first),
    "--seeds",
    tostring(share.count),
    "--jobs",
    "1",
    "--json",
  }
  local code, out, problem = run_program(scheduler, options.files_of, argv)
  local said = code and json.decode(out)
  if not said then
    local text = "seeds %d to %d were not run: %s"
    local last = share.first + share.count - 1
    return nil, text:format(share.first, last, code and problem or out), "EIO"
  end
  return said
end

--- The seeds in equal shares, in order.
local function divide(options)
  local count = math.max(SMALLEST, math.ceil(options.count / (options.jobs * SHARES)))
  local shares, first, last = {}, options.first, options.first + options.count - 1
  while first <= last do
    shares[#shares + 1] = { first = first, count = math.min(count, last - first + 1) }
    first = first + count
  end
  return shares
end

local function merge(shares)
  local summary = seeds.summary()
  for _, share in ipairs(shares) do
    local said = share.said
    summary.seeds = summary.seeds + said.seeds
    summary.asked = summary.asked + said.questions
    summary.packets = summary.packets + said.packets
    if said.seed then
      summary.seed, summary.problems = said.seed, said.problems
      break
    end
  end
  return summary
end

--- Runs the seeds in `jobs` processes at a time; in a task.
---@param scheduler mlxresolve.Scheduler
---@param options mlxresolve.SimSeeds | { jobs: integer, executable: string }
---@return mlxresolve.SimSummary|nil, string? message, string? code
function workers.run(scheduler, options)
  local shares, next_share, has_failed = divide(options), 1, false
  local problem
  local function work()
    while next_share <= #shares and not has_failed and not problem do
      local share = shares[next_share]
      next_share = next_share + 1
      local said, message = run_share(scheduler, options, share)
      share.said, problem = said, problem or message
      has_failed = has_failed or (said and said.seed)
    end
  end
  local functions = {}
  for i = 1, options.jobs do
    functions[i] = work
  end
  groups.all(scheduler, functions)
  if problem then
    return nil, problem, "EIO"
  end
  while shares[#shares].said == nil do
    shares[#shares] = nil
  end
  return merge(shares)
end

return workers
