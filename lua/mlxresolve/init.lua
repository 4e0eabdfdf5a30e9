--- The public module: `require "mlxresolve"`. A policy and a plugin get the words that are
--- theirs; a program that embeds the resolver gets this table.
local builders = require("mlxresolve.policy.builders")
local suggest = require("mlxresolve.suggest")

-- Outside of a policy there is no world yet: the machine's own answers, loaded when asked.
local machine = {}

function machine.env(_, name)
  return os.getenv(name)
end

function machine.hostname()
  return require("mlxresolve.world.real").hostname()
end

local host = { world = machine }

function host.caller_place() end

function host.include()
  error("mlx.include works inside a policy's file only", 3)
end

local mlxresolve = builders.fields(host)

local OPTIONS = { "level", "listen", "log", "reports", "serve", "world" }

-- Misuse is told at the line of who calls `mlx.open`.
local function check_options(options)
  for name in pairs(options) do
    local hint = suggest.unknown(name, OPTIONS)
    if hint then
      error(("mlx.open: unknown option '%s'%s"):format(tostring(name), hint), 3)
    end
  end
  if options.listen and not options.serve then
    error("mlx.open: 'listen' is for resolvers that serve: say serve = true", 3)
  end
end

--- Opens a resolver. It only resolves unless `serve` says otherwise: no listener, files or
--- published names, and never a control socket or signals.
---
--- `options`: `world` (default: the machine), `serve` (open the policy's DNS listener), `listen`
--- (with `serve`: addresses in place of the policy's), `reports` (take what C code of this process
--- reports), `log` (function (level, text)), `level` ("error" "warn" "info" "debug"). Mistakes of
--- the policy come as `nil, report, "EPOLICY"`.
---@param policy string|table  a file's path, what mlx.policy made, or a checked policy
---@param options table?
---@return mlxresolve.Resolver|nil, string? message, string? code
function mlxresolve.open(policy, options)
  options = options or {}
  check_options(options)
  local world = options.world or require("mlxresolve.world.real").new(options)
  if type(policy) ~= "table" or not policy.files then
    local mistakes
    policy, mistakes = require("mlxresolve.policy").load(policy, { world = world })
    if not policy then
      world:close()
      return nil, tostring(mistakes), "EPOLICY"
    end
  end
  local resolver, message, code = require("mlxresolve.resolver").new(policy, world, {
    is_private = not options.serve,
  })
  if resolver and options.reports then
    local ok
    ok, message, code = resolver:take_reports()
    if not ok then
      resolver:close()
      return nil, message, code
    end
  end
  if resolver and options.serve then
    local addresses
    addresses, message, code = resolver:listen(options.listen)
    if not addresses then
      resolver:close()
      return nil, message, code
    end
    resolver:persist()
  end
  return resolver, message, code
end

return mlxresolve
