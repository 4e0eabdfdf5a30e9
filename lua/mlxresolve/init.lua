--- The public module: `require "mlxresolve"`. A policy and a plugin get the words that are
--- theirs; a program that embeds the resolver gets this table.
local builders = require("mlxresolve.policy.builders")

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

return mlxresolve
