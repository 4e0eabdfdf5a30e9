--- Two hosts on one link of a simulated world, and a scenario around them.
---
---   local bed = require("support.sim_bed").new()
---   bed.world:run_until(bed.world.clock.time + 1000)

local run = require("mlxresolve.simulate.run")
local scenario = require("mlxresolve.simulate.scenario")
local schedulers = require("mlxresolve.scheduler")
local sim = require("mlxresolve.world.sim")
local shell = require("support.shell")
local virtual = require("mlxresolve.world.virtual")

local sim_bed = {}
local methods = {}
local mt = { __index = methods }

--- "mini1", the machine, has 192.0.2.1/24 on eth0; "mini2" 192.0.2.2/24.
---@param options { seed: integer?, link: table? }?
function sim_bed.new(options)
  options = options or {}
  local world = sim.new { seed = options.seed }
  world.net:add_link("desk", options.link or {})
  world.net:add_link("air", {})
  local self = setmetatable({ world = world, scheduler = schedulers.new(world) }, mt)
  self.mini1 = world.net:add_host("mini1")
  self.mini2 = world.net:add_host("mini2")
  self.eth0 = self:put(self.mini1, "eth0", "desk", "192.0.2.1/24")
  self.en0 = self:put(self.mini2, "en0", "desk", "192.0.2.2/24")
  world:inhabit(self.mini1)
  return self
end

function methods:put(host, name, link, ...)
  return self.world.net:add_interface(host, name, { link = link, addresses = { ... } })
end

--- Lets ms pass.
function methods:pass(ms)
  self.world:run_until(self.world.clock.time + ms)
end

--- A waiter that keeps what it was woken with.
function sim_bed.waiter()
  return {
    wake = function(self, ...)
      self.got = { ... }
    end,
  }
end

--- A world with the built-in plugins, a policy and a scenario given as the fields of its table.
function sim_bed.files(fields, policy, world)
  world = world or virtual.new()
  for path in assert(io.popen("ls plugins/*.lua")):lines() do
    world.files["./" .. path] = shell.read(path)
  end
  world.files["policy.lua"] = policy or shell.read("examples/cluster.lua")
  world.files["s.lua"] = fields and ("return { %s }"):format(fields)
  return world
end

--- What a scenario's network looks like, as its text.
sim_bed.network = [[
  links = { desk = {} },
  machine = "mini1",
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.0.2.1/24" } } } },
    mini2 = {
      responder = "avahi",
      interfaces = { eth0 = { link = "desk", addresses = { "192.0.2.2/24" } } },
    },
  },
]]

--- Runs a scenario of that network with this timeline once.
---@param timeline string
---@param options { seed: integer?, policy: string?, with_timeline: boolean?, more: string? }?
function sim_bed.run(timeline, options)
  options = options or {}
  local fields = ("%s %s timeline = { %s }"):format(sim_bed.network, options.more or "", timeline)
  local world = sim_bed.files(fields, options.policy)
  local checked, mistakes = scenario.load("s.lua", world)
  assert(checked, tostring(mistakes))
  return assert(run.once {
    policy = "policy.lua",
    scenario = checked,
    seed = options.seed or 1,
    files_of = world,
    with_timeline = options.with_timeline,
  })
end

--- The problems of an outcome, as texts.
function sim_bed.texts(outcome)
  local list = {}
  for i, problem in ipairs(outcome.problems) do
    list[i] = problem.text
  end
  return list
end

return sim_bed
