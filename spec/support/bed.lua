--- A resolver in a virtual world, on a policy given as strategies in place: what most specs of
--- the Lua side run on.

local mlx = require("mlxresolve")
local virtual = require("mlxresolve.world.virtual")

local bed = {}
local methods = {}
local mt = { __index = methods }

local built_in = {}
for path in assert(io.popen("ls plugins/*.lua")):lines() do
  local file = assert(io.open(path))
  built_in["./" .. path] = file:read("*a")
  file:close()
end

-- In place of the DNS listener, when a resolver is opened to serve.
local listener = {
  addresses = function()
    return {}
  end,
  close = function() end,
}

--- Opens a resolver. `strategies` is a list of what `use` takes or has made; `fields` are further
--- fields of the policy; `options` those of mlx.open.
function bed.open(strategies, fields, options)
  local world = virtual.new()
  function world.listen()
    return listener
  end
  for path, text in pairs(built_in) do
    world.files[path] = text
  end
  local list = {}
  for i, strategy in ipairs(strategies) do
    list[i] = type(strategy) == "table" and strategy.resolve and mlx.use(strategy) or strategy
  end
  local policy = { strategies = list }
  for key, value in pairs(fields or {}) do
    policy[key] = value
  end
  local chosen = { world = world }
  for key, value in pairs(options or {}) do
    chosen[key] = value
  end
  local resolver, message = mlx.open(mlx.policy(policy), chosen)
  assert(resolver, message)
  world:advance(0)
  return setmetatable({ world = world, resolver = resolver, mlx = mlx }, mt)
end

--- The same around a resolver that was opened otherwise.
function bed.wrap(world, resolver)
  return setmetatable({ world = world, resolver = resolver, mlx = mlx }, mt)
end

-- What stands in plugins/, as files of the virtual world.
local function add_plugins(world)
  local list = assert(io.popen("ls plugins/*.lua"))
  for path in list:lines() do
    local file = assert(io.open(path))
    world.files["/" .. path] = file:read("*a")
    file:close()
  end
  list:close()
end

--- A resolver on the policy file /etc/policy.lua, whose fields are given as text; it sees the
--- built-in plugins and `files`.
---@param fields string
---@param files table<string, string>?
function bed.policy(fields, files)
  local world = virtual.new()
  for path, text in pairs(files or {}) do
    world.files[path] = text
  end
  add_plugins(world)
  world.files["/etc/policy.lua"] = ([[
    local mlx = require("mlxresolve")
    local use = mlx.use
    return mlx.policy { %s }]]):format(fields)
  local checked, mistakes = require("mlxresolve.policy").load("/etc/policy.lua", {
    world = world,
    plugin_dirs = { "/plugins" },
  })
  assert(checked, tostring(mistakes))
  local resolver = assert(require("mlxresolve.resolver").new(checked, world))
  world:advance(0)
  return bed.wrap(world, resolver)
end

--- A strategy that runs `fn(query, ctx)` and counts its calls.
function bed.strategy(name, fn, extra)
  local plugin = { name = name, calls = 0 }
  for key, value in pairs(extra or {}) do
    plugin[key] = value
  end
  function plugin.resolve(_, query, ctx)
    plugin.calls = plugin.calls + 1
    return fn(query, ctx)
  end
  return plugin
end

--- Resolves one type to the end: the result, or nil, message, code.
function methods:ask(name, type, options)
  options = options or {}
  options.types = { type or "A" }
  local results
  self.resolver:resolve(name, options, function(...)
    results = { n = select("#", ...), ... }
  end)
  self.world:settle(function()
    return results ~= nil
  end)
  assert(results, "no callback came")
  return unpack(results, 1, results.n)
end

--- The first address of an answer, or what came in its place: "nxdomain", "ETIMEOUT", ….
function methods:address(name, type)
  local result, _, code = self:ask(name, type)
  if not result then
    return code
  end
  return result.addresses[1] and result.addresses[1].address or result.status
end

--- A server for `world.servers` that answers from a table name → address, NXDOMAIN for others.
function bed.server(known, delay)
  local core = require("mlxresolve.core")
  local server = { calls = 0 }
  function server.answer(name, number)
    server.calls = server.calls + 1
    local type_name = core.wire.type_name(number)
    local data = known[name]
    if not data then
      return core.answer.deny(name, type_name, "nxdomain", 60), "nxdomain", 60, delay
    end
    if type_name ~= "A" then
      return core.answer.deny(name, type_name, "nodata", 60), "nodata", 60, delay
    end
    return core.answer.build(name, "A", { data }, 60), "answer", 60, delay
  end
  return server
end

return bed
