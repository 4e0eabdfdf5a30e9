--- The chain: the policy's strategies in the policy's order, asked until one knows.
---
--- Made once per generation of the policy; steps are made and asked in `step.lua`.

local core = require("mlxresolve.core")
local denials = require("mlxresolve.denials")
local instances = require("mlxresolve.instance")
local parts = require("mlxresolve.parts")
local steps = require("mlxresolve.step")

local chain = {}
local methods = {}
local mt = { __name = "mlxresolve.chain", __index = methods }

---------------------------------------------------------------- making

--- The instance of a node: the previous generation's when nothing about it has changed.
function methods:instance(node)
  local kept = self.previous and self.previous.instances[node.hash]
  local made = self.instances[node.hash] or kept
  -- also for one that is kept: the instances in its options are to live on with it
  local options = parts.options(node.options or {}, function(nested)
    return self:instance(nested)
  end)
  if not made then
    made = instances.new(self.runtime, node, options)
    self.fresh[#self.fresh + 1] = made
  end
  self.instances[node.hash] = made
  return made
end

local function each_instance(self, nodes)
  local list = {}
  for i, node in ipairs(nodes or {}) do
    list[i] = self:instance(node)
  end
  return list
end

--- The checks of names that the policy pins, by canonical name.
local function pinned(self, pins)
  local by_name = {}
  for name, nodes in pairs(pins or {}) do
    local list = {}
    for i, node in ipairs(nodes) do
      list[i] = parts.handle(self:instance(node))
    end
    by_name[core.name.canonical(name) or name] = list
  end
  return by_name
end

--- Makes the chain of a checked policy; instances of unchanged `use`s are taken over from
--- `previous`.
---@param runtime table
---@param policy table      checked
---@param previous mlxresolve.Chain|nil
---@return mlxresolve.Chain
function chain.new(runtime, policy, previous)
  local self = setmetatable({
    runtime = runtime,
    scheduler = runtime.scheduler,
    previous = previous or false,
    instances = {},
    fresh = {},
    by_hash = {},
    steps = {},
  }, mt)
  for i, node in ipairs(policy.strategies) do
    self.steps[i] = steps.new(self, node, i + 1)
  end
  denials.settle(self.steps)
  self.retries = each_instance(self, policy.retries)
  self.rankers = each_instance(self, policy.rankers)
  self.reactions = each_instance(self, policy.reactions)
  self.observers = each_instance(self, policy.observers)
  self.pins = pinned(self, policy.pins)
  self.previous = false
  return self
end

--- Opens the instances that are new in this generation.
function methods:open()
  for _, instance in ipairs(self.fresh) do
    instance:open()
  end
  self.fresh = {}
end

--- Closes what the next generation does not use; everything when there is none.
---@param successor mlxresolve.Chain|nil
function methods:close(successor)
  for hash, instance in pairs(self.instances) do
    if not successor or successor.instances[hash] ~= instance then
      instance:close()
    end
  end
end

---------------------------------------------------------------- asking

--- Asks the strategies from position `from` on; the first answer ends it.
---@param asked mlxresolve.Query
---@param flight table
---@param from integer
---@return mlxresolve.Answer|nil
function methods:pass(asked, flight, from)
  local list = self.steps
  for i = from, #list do
    local step = list[i]
    if step.fits_all or step:fits(asked) then
      local answer = step:ask(asked, flight)
      if answer then
        return answer
      end
    end
  end
end

--- Is the name reserved, so that strategies which would be asked for others leave it out?
---@param name string  that no strategy was asked for
---@return boolean
function methods:reserves(name)
  for _, step in pairs(self.by_hash) do
    if step:reserves(name) then
      return true
    end
  end
  return false
end

--- The rest of the chain, for `ctx:next`.
---@return mlxresolve.Answer|nil, string? message, string? code
function methods:rest(asked, from)
  local flight = self.scheduler.running.flight
  local answer = self:pass(asked, flight, from)
  if answer then
    return answer
  end
  return nil, flight.message or "nobody knows " .. asked.name, flight.code or "ENOTFOUND"
end

--- How long to wait before another pass, or nil: the first retry policy with an opinion.
---@param failure mlxresolve.Failure
---@return number? ms
function methods:retry_delay(failure)
  for _, instance in ipairs(self.retries) do
    local delay = steps.ask_retry(instance, failure)
    if delay then
      return delay
    end
  end
end

return chain
