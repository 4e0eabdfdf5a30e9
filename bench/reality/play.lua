--- Plays one scenario in namespaces, in real time. Prints a line for each question that is asked
--- until its answer is right: its place in the timeline, and the ms from the change before it to
--- the first right answer, or "never".
---
---   luajit bench/reality/play.lua POLICY SCENARIO
package.path = "./lua/?.lua;./lua/?/init.lua;./spec/?.lua;./bench/reality/?.lua;" .. package.path
package.cpath = "./build/?.so;" .. package.cpath

local core = require("mlxresolve.core")
local peers = require("peers")
local real = require("mlxresolve.world.real")
local shell = require("support.shell")
local stages = require("stage")
local uv = require("luv")

local LEAD = 500 -- ms between the start of the resolver and that of the scenario

local policy, path = arg[1], arg[2]

local function now()
  return uv.hrtime() / 1e6
end

---------------------------------------------------------------- questions

local QUESTION = "{ position = %d, at = %g, till = %g, every = %g, name = %q, type = %q }"

local function plan_of(scenario, start)
  local lines = {}
  for _, step in ipairs(scenario.timeline) do
    local name = step.ask or step.keep_asking
    if name and peers.is_local(name) then
      local till = step.till or (step.within and step.at + step.within * 2) or step.at
      lines[#lines + 1] = QUESTION:format(
        step.position,
        step.at,
        till,
        step.every,
        core.name.canonical(name),
        step.type
      )
    end
  end
  local text = "return { start = %.3f, ends = %g, questions = { %s } }"
  return text:format(start, scenario.ends, table.concat(lines, ", "))
end

local function parse(text)
  local answers = {}
  for position, at, words in text:gmatch("(%d+) ([%d.]+) ?([^\n]*)\n") do
    local list = {}
    for word in words:gmatch("%S+") do
      list[#list + 1] = (word:gsub("%%.*$", ""))
    end
    answers[#answers + 1] = { position = tonumber(position), at = tonumber(at), addresses = list }
  end
  return answers
end

---------------------------------------------------------------- what is right

-- Link-local addresses are the kernel's own; whoever has them here is not looked up.
local function is_right(step, addresses, truth)
  local plain = {}
  for _, address in ipairs(addresses) do
    if not address:find("^fe80") then
      plain[#plain + 1] = address
    end
  end
  if step.exactly then
    local wanted = { unpack(step.exactly) }
    table.sort(wanted)
    table.sort(plain)
    return table.concat(plain, " ") == table.concat(wanted, " ")
  end
  local leads = step.type == "AAAA" and #addresses > 0
  local has = truth[core.name.canonical(step.ask)] or {}
  for _, address in ipairs(plain) do
    if has[address] == nil then
      return false
    end
    leads = leads or has[address]
  end
  return leads
end

-- By position: ms from the last change before it to the first right answer; false when there was
-- none in time.
local function judge(scenario, answers, changes)
  local waits = {}
  for _, step in ipairs(scenario.timeline) do
    if peers.is_measured(step) then
      local since, done = 0, 0
      for _, change in ipairs(changes) do
        if change.began <= step.at + 1 then
          since, done = change.began, change.at
        end
      end
      waits[step.position] = false
      for _, answer in ipairs(answers) do
        local truth = {}
        for _, change in ipairs(changes) do
          truth = change.at <= answer.at and change.truth or truth
        end
        local is_meant = answer.position == step.position and answer.at >= done
        if is_meant and not waits[step.position] and is_right(step, answer.addresses, truth) then
          waits[step.position] = answer.at - since
        end
      end
    end
  end
  return waits
end

---------------------------------------------------------------- running

local function begin(scenario, stage)
  local plan = stage.lan:folder() .. "/plan.lua"
  local start = now() + LEAD
  shell.write(plan, plan_of(scenario, start))
  local asker = stage.lan:spawn(scenario.machine, {
    "env",
    "LUA_PATH=" .. package.path,
    "LUA_CPATH=" .. package.cpath,
    "luajit",
    "bench/reality/asker.lua",
    policy,
    plan,
  })
  return asker, start
end

-- What was changed, when, and what was true from then on.
local function play(scenario, stage, start)
  local changes = { { began = -math.huge, at = -math.huge, truth = stage:truth() } }
  for _, step in ipairs(scenario.timeline) do
    if stages.changes(step) then
      uv.sleep(math.max(0, math.floor(step.at - (now() - start))))
      local began = now() - start
      stage:take(step)
      changes[#changes + 1] = { began = began, at = now() - start, truth = stage:truth() }
    end
  end
  uv.sleep(math.max(0, math.ceil(scenario.ends + LEAD - (now() - start))))
  return changes
end

local world = real.new { level = "error" }
local scenario = peers.load(path, world)
local stage = stages.build(scenario)
local asker, start = begin(scenario, stage)
local changes = play(scenario, stage, start)
local said = asker:output()
stage:close()
if os.getenv("REALITY_DEBUG") then
  io.stderr:write(said)
end
for position, ms in pairs(judge(scenario, parse(said), changes)) do
  print(position, ms or "never")
end
world:close()
