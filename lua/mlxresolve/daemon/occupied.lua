--- Somebody else is where a daemon wants to be: finds out who, and says so.

local client = require("mlxresolve.cli.client")

local occupied = {}

local ASK_PATIENCE = 1000 -- ms, for another daemon to say who it is

--- What the daemon at `path` says of itself; nil, message, code when it says nothing.
---@param cli mlxresolve.CliRuntime
---@param path string
---@return table|nil status, string? message, string? code
function occupied.ask(cli, path)
  local status, message, code = cli:run(function(scheduler)
    return client.ask(scheduler, path, { target = "/v1/status", timeout = ASK_PATIENCE })
  end)
  if status then
    return { path = path, status = status }
  end
  return nil, message, code
end

local function describe(other)
  local status = other.status
  local policy = type(status.policy) == "table" and status.policy.file
  local listen = table.concat(type(status.listen) == "table" and status.listen or {}, ", ")
  return ("another mlxresolve (pid %s, policy %s%s)"):format(
    tostring(status.pid or "unknown"),
    tostring(policy or "unknown"),
    listen ~= "" and ", listens on " .. listen or ""
  )
end

local function advise(out, other)
  out:problem(
    "stop it with `kill %s`, or run this one beside it: --control PATH --listen ADDRESS:PORT",
    tostring(other.status.pid or "PID")
  )
end

--- The control socket is somebody's.
---@param out mlxresolve.Output
---@param path string
---@param other table?  as `ask` found
function occupied.socket(out, path, other)
  if other then
    out:problem("%s is the control socket of %s", path, describe(other))
    advise(out, other)
  else
    out:problem("%s is in use, and who is there does not say who it is", path)
    out:problem("choose another one with --control PATH")
  end
end

--- A port is somebody's: another daemon of this user, or any program.
---@param out mlxresolve.Output
---@param message string
---@param other table?  the daemon at the usual control socket
function occupied.port(out, message, other)
  out:problem("%s", message)
  if other then
    out:problem("there is %s, control socket %s", describe(other), other.path)
    advise(out, other)
  else
    out:problem("see who is there with `ss -lnptu`, or listen elsewhere with --listen ADDRESS:PORT")
  end
end

return occupied
