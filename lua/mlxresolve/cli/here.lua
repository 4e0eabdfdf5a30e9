--- A policy that runs in the command's own process, where no daemon does it.

local runtime = require("mlxresolve.cli.runtime")

local here = {}

--- The policy to run where no daemon is; says so.
---@param cli mlxresolve.CliRuntime
---@param path string|nil  where a daemon was looked for
---@return string
function here.instead(cli, path)
  local default = cli.host.examples .. "/home.lua"
  cli.out:problem("no daemon at %s; running %s here", path or "any place", default)
  return default
end

--- A resolver on a policy; or nil and the exit code, after the reason was told.
---@param cli mlxresolve.CliRuntime
---@param path string
---@return mlxresolve.Resolver|nil, integer? exit_code
function here.open(cli, path)
  local policy, mistakes = require("mlxresolve.policy").load(path, { world = cli.world })
  if not policy then
    cli.out.write_problem(tostring(mistakes) .. "\n")
    return nil, runtime.MISTAKES
  end
  local resolver, message = require("mlxresolve").open(policy, { world = cli.world, serve = false })
  if not resolver then
    cli.out:problem("%s: cannot be opened: %s", path, message)
    return nil, runtime.USAGE
  end
  return resolver
end

--- Closes it and lets what it has under way end.
---@param cli mlxresolve.CliRuntime
---@param resolver mlxresolve.Resolver
function here.close(cli, resolver)
  resolver:close(function()
    cli:stop()
  end)
  cli.world:loop()
end

return here
