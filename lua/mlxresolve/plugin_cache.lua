--- The cache as plugins see it: `ctx.cache`.

local answers = require("mlxresolve.answer")
local cache_filter = require("mlxresolve.cache_filter")
local core = require("mlxresolve.core")
local persistence = require("mlxresolve.persistence")
local query = require("mlxresolve.query")

local plugin_cache = {}
local methods = {}
local mt = { __name = "mlxresolve.plugin_cache", __index = methods }

---@param runtime table
---@return mlxresolve.PluginCache
function plugin_cache.new(runtime)
  return setmetatable({ runtime = runtime }, mt)
end

--- Drops what the filter means; everything without one. How many, or nil, message, code.
---@param filter mlxresolve.CacheFilter?  `interface` may be a name, `strategy` is a label
---@return integer|nil, string? message, string? code
function methods:flush(filter)
  local runtime = self.runtime
  local core_filter, message, code = cache_filter.translate(runtime, filter or {})
  if not core_filter then
    return nil, message, code
  end
  if runtime.mdns_engine then
    -- or it would say the same again, from what it has heard
    runtime.mdns_engine:forget(core_filter)
  end
  runtime.failures:flush(core_filter)
  return persistence.forget(runtime, core_filter)
end

--- Keeps an answer that came along with another, for the strategy that runs.
---@param answer mlxresolve.Answer
function methods:put(answer)
  local runtime = self.runtime
  local task = runtime.scheduler.running
  local hash = task and task.instance and task.instance.node.hash or 0
  return persistence.keep(runtime, answer.packet, {
    strategy = hash,
    interface = answer.interface or 0,
  })
end

---@return mlxresolve.Answer|nil
function methods:get(name, type_name)
  local runtime = self.runtime
  local number = query.type_numbers[type_name]
  local canonical = core.name.canonical(name)
  if not number or not canonical then
    return nil
  end
  local packet = runtime.cache:get(canonical, number, runtime.world:now(), 0)
  return packet and answers.read(packet) or nil
end

return plugin_cache
