--- Loads policies for specs: from text, in a world without a machine, with a few plugins.
local policy = require("mlxresolve.policy")
local virtual = require("mlxresolve.world.virtual")

local policies = {}

local plugins = {
  finder = [[
    return {
      options = {
        servers = { "list", of = { "endpoint", port = 53 } },
        from = "address",
        room = "size",
        nets = { "list", of = "network" },
        count = { "integer", default = 3, min = 1 },
        verify = { "list", of = { "plugin", kind = "identify" } },
      },
      resolve = function() end,
    }]],
  prober = "return { identify = function() return true end }",
  patient = "return { options = { attempts = 'integer' }, retry = function() end }",
  sorter = "return { rank = function() end }",
  reactor = "return { network_changed = function() end }",
  teller = "return { open = function() end }",
}

--- A world whose files are these and the plugins of the specs, in /plugins.
---@param files table<string, string>
function policies.world(files)
  local world = virtual.new()
  for name, text in pairs(plugins) do
    world.files["/plugins/" .. name .. ".lua"] = text
  end
  for path, text in pairs(files) do
    world.files[path] = text
  end
  return world
end

local head = 'local mlx = require("mlxresolve") local use = mlx.use\n'

--- Loads `text` as /etc/p.lua; its first line defines mlx and use.
---@param text string
---@param files table<string, string>?  further ones
function policies.load(text, files)
  local world = policies.world(files or {})
  world.files["/etc/p.lua"] = head .. text
  local checked, mistakes =
    policy.load("/etc/p.lua", { world = world, plugin_dirs = { "/plugins" } })
  return checked, mistakes, world
end

--- The mistakes of a policy as "line:column text", in order.
function policies.mistakes(text, files)
  local _, mistakes = policies.load(text, files)
  local list = {}
  for i, mistake in ipairs(mistakes or {}) do
    list[i] = ("%s:%s %s"):format(mistake.line, mistake.column, mistake.text)
  end
  return list
end

--- The same for one strategy.
function policies.strategy(text)
  return policies.mistakes("return mlx.policy { strategies = {\n" .. text .. "\n} }")
end

return policies
