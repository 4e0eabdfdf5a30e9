-- The scenarios of the simulator in real namespaces, with avahi-daemon as every peer: how long
-- after a change the answer was right, simulated and real, side by side.
--
--   luajit bench/reality.lua POLICY RUNS SCENARIO…
--
-- Run in the project's folder after a build. A scenario takes as long as it says; the scenarios run
-- beside each other, `RUNS` times one after the other.
package.path = "./lua/?.lua;./lua/?/init.lua;./spec/?.lua;./bench/reality/?.lua;" .. package.path
package.cpath = "./build/?.so;" .. package.cpath

local peers = require("peers")
local real = require("mlxresolve.world.real")
local run = require("mlxresolve.simulate.run")
local stages = require("stage")

local SEEDS = 100 -- of the simulation

local policy, runs = arg[1], tonumber(arg[2])
assert(policy and runs and arg[3], "usage: luajit bench/reality.lua POLICY RUNS SCENARIO…")

-- By the place of a question: the ms of each run.
local function add(all, position, ms)
  all[position] = all[position] or {}
  table.insert(all[position], ms or math.huge)
end

local function simulate(scenario, world)
  local all = {}
  for seed = 1, SEEDS do
    local outcome = assert(run.once {
      policy = policy,
      scenario = scenario,
      seed = seed,
      files_of = world,
    })
    for _, step in ipairs(scenario.timeline) do
      if peers.is_measured(step) then
        add(all, step.position, outcome.waits[step.position])
      end
    end
  end
  return all
end

local function play_all(paths, found)
  local pipes = {}
  for i, path in ipairs(paths) do
    pipes[i] = io.popen(("exec luajit bench/reality/play.lua %s %s"):format(policy, path))
  end
  for i, pipe in ipairs(pipes) do
    for line in pipe:lines() do
      local position, ms = line:match("^(%d+)%s+(%S+)$")
      if position then
        add(found[i], tonumber(position), tonumber(ms))
      end
    end
    pipe:close()
  end
end

---------------------------------------------------------------- the table

local function quantile(list, part)
  if not list then
    return "failed"
  end
  table.sort(list)
  local value = list[math.max(1, math.ceil(#list * part))]
  return value == math.huge and "never" or ("%.0f ms"):format(value)
end

local function describe(scenario, position)
  local change, question
  for _, step in ipairs(scenario.timeline) do
    if step.position == position then
      question = step
      break
    elseif stages.changes(step) then
      change = step
    end
  end
  local what = change and ("%s `%s`"):format(change.verb, change[change.verb]) or "the start"
  return ("%s, then `%s`"):format(what, question.ask)
end

local function print_rows(scenario, simulated, found)
  for _, step in ipairs(scenario.timeline) do
    if peers.is_measured(step) then
      local s, r = simulated[step.position], found[step.position]
      local row = "| %s | %s | %s | %s | %s | %s |"
      local what = describe(scenario, step.position)
      local s50, s90, r50, r90 =
        quantile(s, 0.5), quantile(s, 0.9), quantile(r, 0.5), quantile(r, 0.9)
      print(row:format(scenario.name, what, s50, s90, r50, r90))
    end
  end
end

local world = real.new { level = "error" }
local list, paths, found = {}, {}, {}
for i = 3, #arg do
  local scenario = peers.load(arg[i], world)
  local why = stages.obstacle(scenario)
  if why then
    io.stderr:write(("%s is left out: %s\n"):format(scenario.name, why))
  else
    list[#list + 1], paths[#paths + 1], found[#found + 1] = scenario, arg[i], {}
  end
end
for _ = 1, runs do
  play_all(paths, found)
end
print("| scenario | after | simulated, median | 90 % | real, median | 90 % |")
print("|---|---|---|---|---|---|")
for i, scenario in ipairs(list) do
  print_rows(scenario, simulate(scenario, world), found[i])
end
world:close()
