--- One run of a scenario under one seed: builds the network, opens a resolver on the policy, lets
--- everything happen, and says what went wrong.

local order = require("mlxresolve.simulate.order")
local packets = require("mlxresolve.simulate.packets")
local policies = require("mlxresolve.policy")
local questions = require("mlxresolve.simulate.questions")
local resolvers = require("mlxresolve.resolver")
local scenes = require("mlxresolve.simulate.scene")
local chance = require("mlxresolve.world.sim.chance")

local PHASE = 1000 -- ms, at most, that the resolver is at work before it begins: clocks tick
local CLOSING = 5000 -- ms that a resolver may take to close
local MAX_PROBLEMS = 20

local run = {}
local methods = {}
local mt = { __name = "mlxresolve.simulate.run", __index = methods }

---@class mlxresolve.SimProblem
---@field at number  ms since the start
---@field text string

---@class mlxresolve.SimOutcome
---@field problems mlxresolve.SimProblem[]
---@field timeline mlxresolve.SimProblem[]|nil  all that happened, when it was asked for
---@field asked integer    questions
---@field packets integer
---@field waits table<integer, number>  by the place of an `ask` in the timeline: ms from the last
--- change before it to the answer that was as expected

---------------------------------------------------------------- what is told

function methods:since_start()
  return self.world.clock.time - self.start
end

function methods:fail(text, ...)
  text = text:format(...)
  if #self.problems < MAX_PROBLEMS then
    self.problems[#self.problems + 1] = { at = self:since_start(), text = text }
  end
  self:note("FAILED %s", text)
end

function methods:note(text, ...)
  if self.timeline then
    local entry = { at = self:since_start(), text = text:format(...) }
    self.timeline[#self.timeline + 1] = entry
  end
end

---------------------------------------------------------------- the timeline

-- What asks and expects; all other verbs change the network.
local words = {}

function words.ask(self, step)
  self.questions:ask(step, self.changed_at)
end

function words.keep_asking(self, step, till)
  self.questions:keep_asking(step, till)
end

function words.never(self, step, till)
  self.questions:forbid(step.of, step.never, till)
end

function words.quiet(self, step, till)
  self.packets:silence(self.scene:interface(step.quiet), till)
end

local function take_step(self, step, till)
  if words[step.verb] then
    return words[step.verb](self, step, till)
  end
  local detail = step.to and "to " .. table.concat(step.to, " ") or step.mode or step.link or ""
  self:note("step %s %s %s", step.verb, step[step.verb], detail)
  self.changed_at = self.world.clock.time
  self.scene[step.verb](self.scene, step)
end

-- Each step is late by a random time, and none overtakes another.
local function plan(self, scenario)
  local stream = chance.new(self.world.seed, "steps")
  local last, finish = self.start, self.start + scenario.ends
  for _, step in ipairs(scenario.timeline) do
    last = math.max(last, self.start + step.at + stream:draw() * scenario.spread)
    local till = step.till and self.start + step.till or finish
    self.world.clock:at(last, take_step, self, step, till)
  end
end

---------------------------------------------------------------- the end

--- What is still there after the resolver was closed.
local function check_closed(self)
  local world, scheduler = self.world, self.resolver.scheduler
  local left = {
    { scheduler.live, "tasks" },
    { scheduler.timers.count, "timers" },
    { #world.sockets, "sockets" },
    { world.streams, "streams" },
    { world.pending, "operations" },
    { #world.watchers, "watchers of the network" },
    { self.questions.open, "questions" },
  }
  for _, entry in ipairs(left) do
    if entry[1] > 0 then
      self:fail("left open after the end: %d %s", entry[1], entry[2])
    end
  end
end

local function close(self)
  self.is_over = true
  self.world:wake_up()
  local is_closed = false
  self.resolver:close(function()
    is_closed = true
  end)
  local clock = self.world.clock
  self.world:run_until(clock.time + CLOSING, function()
    return is_closed
  end)
  if not is_closed then
    return self:fail("the resolver did not close")
  end
  self.world:run_until(clock.time + CLOSING)
  check_closed(self)
end

--- Errors that nobody expected: a plugin's, or one in our own code.
local function check_log(self)
  for _, line in ipairs(self.world.lines) do
    if line:find("^error: ") then
      self:fail("logged %s", line)
    end
  end
end

---@class mlxresolve.SimOptions
---@field policy string              path
---@field scenario mlxresolve.Scenario
---@field seed integer
---@field files_of mlxresolve.World  where the policy and its plugins are read
---@field with_timeline boolean?

local function once(options)
  local scenario = options.scenario
  local scene = scenes.new(scenario, options.seed)
  local self = setmetatable({
    scene = scene,
    world = scene.world,
    start = scene.world.clock.time,
    problems = {},
    timeline = options.with_timeline and {} or false,
    is_over = false,
    changed_at = scene.world.clock.time,
  }, mt)
  function self.world.on_note(text)
    self:note("%s", text)
  end
  self.packets = packets.watch(self, scenario.packets)
  self.world.files_of = options.files_of
  local policy, mistakes = policies.load(options.policy, { world = self.world })
  self.world.files_of = false
  if not policy then
    return nil, mistakes
  end
  self.resolver = assert(resolvers.new(policy, self.world))
  self.questions = questions.new(self)
  self.start = self.start + chance.new(options.seed, "phase"):draw() * PHASE
  self.world:run_until(self.start)
  plan(self, scenario)
  self.world:run_until(self.start + scenario.ends)
  close(self)
  check_log(self)
  return {
    problems = self.problems,
    timeline = self.timeline or nil,
    asked = self.questions.asked,
    packets = self.packets.storm.sum,
    waits = self.questions.waits,
  }
end

--- Runs a scenario once.
---@param options mlxresolve.SimOptions
---@return mlxresolve.SimOutcome|nil, mlxresolve.Mistake[]? mistakes  of the policy
function run.once(options)
  return order.keep(once, options)
end

return run
