--- Plugins that another plugin's options name, such as `verify = { use("ssh_host_key") }`. The
--- plugin finds handles in its options and calls them without a context,
--- `check:identify(name, address)`: each works with its own, within its own errors.

local TIMEOUT = require("mlxresolve.scheduler").TIMEOUT

local parts = {}

-- The context comes after the arguments, however many the function takes.
local function bind(instance, what, ...)
  local plugin, ctx = instance.plugin, instance.ctx
  local n, a, b = select("#", ...), ...
  return function()
    if n == 0 then
      return plugin[what](plugin, ctx)
    elseif n == 1 then
      return plugin[what](plugin, a, ctx)
    end
    return plugin[what](plugin, a, b, ctx)
  end
end

local function finish(instance, timeout, ok, ...)
  if ok then
    return ...
  end
  local problem = ...
  if problem == TIMEOUT then
    return nil, ("%s: no result within %g ms"):format(instance.label, timeout), "ETIMEOUT"
  end
  instance:blame(problem)
  local text = tostring(problem):match("^[^\n]*")
  return nil, ("%s: error: %s"):format(instance.label, text), "EPLUGIN"
end

local function call(instance, what, ...)
  local scheduler = instance.runtime.scheduler
  local task = scheduler.running
  if instance:is_bypassed(scheduler:now()) then
    return nil, instance.label .. ": bypassed after many errors", "EPLUGIN"
  end
  local outer, timeout = task.instance, instance.node.timeout
  task.instance = instance
  local run = bind(instance, what, ...)
  local function restore(...)
    task.instance = outer
    return ...
  end
  return finish(instance, timeout, restore(scheduler:attempt(timeout, run)))
end

local handle_mt = {
  __name = "mlxresolve.plugin",
  __index = function(handle, what)
    local instance = rawget(handle, "instance")
    if type(instance.plugin[what]) ~= "function" then
      return nil
    end
    local function method(_, ...)
      return call(instance, what, ...)
    end
    rawset(handle, what, method)
    return method
  end,
}

--- What a plugin sees of another's instance: its functions, and its `name`.
---@param instance mlxresolve.Instance
---@return mlxresolve.PluginHandle
function parts.handle(instance)
  return setmetatable({ instance = instance, name = instance.label }, handle_mt)
end

local function is_node(value)
  return value.kind == "use" and type(value.plugin) == "table"
end

-- Options of the type `any` may hold themselves, hence `copies`.
local function copy_table(options, instance_of, copies)
  local copy = {}
  copies[options] = copy
  for key, value in pairs(options) do
    if type(value) ~= "table" or getmetatable(value) ~= nil then
      copy[key] = value
    elseif is_node(value) then
      copy[key] = parts.handle(instance_of(value))
    else
      copy[key] = copies[value] or copy_table(value, instance_of, copies)
    end
  end
  return copy
end

--- Checked options with handles in place of the nodes in them.
---@param options table
---@param instance_of fun(node: mlxresolve.Node): mlxresolve.Instance
---@return table
function parts.options(options, instance_of)
  return copy_table(options, instance_of, {})
end

return parts
