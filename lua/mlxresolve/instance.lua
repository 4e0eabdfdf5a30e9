--- Instances of plugins: what a `use` makes, and how it is called.
---
--- An instance inherits from its plugin's table, so that `self.options` and its own fields are its
--- own. An error in a plugin is logged with its traceback and counted; one that keeps raising is
--- bypassed for a while (circuit breaker).

local context = require("mlxresolve.context")
local TIMEOUT = require("mlxresolve.scheduler").TIMEOUT

local ERRORS = 5 -- within WINDOW open the breaker
local WINDOW = 10e3 -- ms
local BYPASS = 30e3 -- ms

local instance = {}
local methods = {}
local mt = { __name = "mlxresolve.instance", __index = methods }

--- Makes the instance of a node of the policy.
---@param runtime table  { world, scheduler, cache, … }
---@param node table     a checked `use`
---@param options table?  its options, with handles in place of the nodes in them
---@return mlxresolve.Instance
function instance.new(runtime, node, options)
  local self = setmetatable({
    runtime = runtime,
    scheduler = runtime.scheduler,
    node = node,
    label = node.name,
    plugin = setmetatable({ options = options or node.options or {}, name = node.name }, {
      __index = node.plugin,
    }),
    owned = {},
    reacting = {}, -- tasks of `network_changed`
    tries = 0,
    answers = 0,
    failures = 0,
    errors = 0,
    window_start = 0,
    window_errors = 0,
    bypassed_until = 0,
    last_error = false,
    is_closed = false,
  }, mt)
  self.ctx = context.new(runtime, self)
  return self
end

--- Counts an error of the plugin and logs it.
---@param problem any
function methods:blame(problem)
  local now = self.runtime.scheduler:now()
  self.errors = self.errors + 1
  self.last_error = tostring(problem)
  if now - self.window_start > WINDOW then
    self.window_start, self.window_errors = now, 0
  end
  self.window_errors = self.window_errors + 1
  local world = self.runtime.world
  if self.window_errors <= ERRORS then
    world:log("error", ("plugin %s: %s"):format(self.label, self.last_error))
  end
  if self.window_errors >= ERRORS and now >= self.bypassed_until then
    self.bypassed_until = now + BYPASS
    local text = "plugin %s: %d errors within %d s, bypassed for %d s"
    world:log("warn", text:format(self.label, ERRORS, WINDOW / 1e3, BYPASS / 1e3))
  end
end

--- Is the breaker open?
---@return boolean
function methods:is_bypassed(now)
  return now < self.bypassed_until
end

--- Calls a function of the plugin in the running task, at most `ms` long: true and its results, or
--- false and TIMEOUT or the error, which has then been blamed on it.
---@param what string
---@param ms number|false
function methods:call(what, ms, a, b, c)
  local scheduler, plugin = self.scheduler, self.plugin
  local task = scheduler.running
  local outer = task.instance
  task.instance = self
  local ok, r1, r2, r3 = scheduler:call(ms, plugin[what], plugin, a, b, c)
  task.instance = outer
  if not ok and r1 ~= TIMEOUT then
    self:blame(r1)
  end
  return ok, r1, r2, r3
end

--- The same without a limit of time, unless the breaker is open: false and nothing then.
---@param what string
function methods:try(what, a, b, c)
  if self:is_bypassed(self.runtime.scheduler:now()) then
    return false
  end
  return self:call(what, false, a, b, c)
end

--- Runs `open`; what it starts lives until `close`. In a task of its own.
function methods:open()
  if not self.plugin.open then
    return
  end
  local scheduler = self.runtime.scheduler
  scheduler:spawn(function()
    scheduler.running.opening = self
    self:call("open", false, self.ctx)
  end)
end

local function react(self, change)
  local task = self.runtime.scheduler.running
  self.reacting[task] = true
  self:try("network_changed", change, self.ctx)
  self.reacting[task] = nil
end

--- Runs `network_changed` in a task of its own, which ends with the instance.
---@param change mlxresolve.Change
function methods:react(change)
  self.runtime.scheduler:spawn(react, self, change)
end

--- Undoes all that the instance started, then calls its `close`.
function methods:close()
  if self.is_closed then
    return
  end
  self.is_closed, self.bypassed_until = true, math.huge
  for task in pairs(self.reacting) do
    self.runtime.scheduler:cancel(task)
  end
  for i = #self.owned, 1, -1 do
    pcall(self.owned[i].close, self.owned[i])
  end
  if self.plugin.close then
    local ok, problem = pcall(self.plugin.close, self.plugin)
    if not ok then
      self:blame(problem)
    end
  end
end

--- What `status` says of it.
---@return table
function methods:status()
  local now = self.runtime.scheduler:now()
  return {
    name = self.label,
    plugin = self.node.plugin_name,
    tries = self.tries,
    answers = self.answers,
    failures = self.failures,
    errors = self.errors,
    bypassed = self:is_bypassed(now),
    last_error = self.last_error,
  }
end

return instance
