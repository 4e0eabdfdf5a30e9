--- One request to the daemon, for the commands that are nothing without one.

local client = require("mlxresolve.cli.client")
local runtime = require("mlxresolve.cli.runtime")

local ask = {}

--- Tells why the daemon could not be asked; the exit code.
---@param cli mlxresolve.CliRuntime
---@param path string
---@param message string
---@param code string
---@return integer exit_code
function ask.explain(cli, path, message, code)
  if code == "EINTR" then
    return runtime.INTERRUPTED
  elseif code == "EREFUSED" then
    cli.out:problem("%s", message)
    return runtime.USAGE
  elseif client.is_absent(code) then
    cli.out:problem("no daemon at %s; start one with: mlxresolve run POLICY", path)
  else
    cli.out:problem("the daemon at %s cannot be asked: %s", path, message)
  end
  return runtime.UNREACHABLE
end

--- The daemon's reply; or nil and the exit code, after the reason was told.
---@param cli mlxresolve.CliRuntime
---@param args table
---@param request mlxresolve.ClientRequest
---@return table|nil value, integer status_or_exit_code
function ask.daemon(cli, args, request)
  local path, message = cli:control_path(args.control)
  if not path then
    cli.out:problem("%s", message)
    return nil, runtime.UNREACHABLE
  end
  local value, status, code = cli:run(function(scheduler)
    return client.ask(scheduler, path, request)
  end)
  if value then
    return value, status
  end
  return nil, ask.explain(cli, path, status, code)
end

--- As `daemon`, for requests that either succeed or are refused with an error's text.
---@return table|nil value, integer? exit_code
function ask.success(cli, args, request)
  local value, status = ask.daemon(cli, args, request)
  if not value then
    return nil, status
  elseif status ~= 200 then
    local is_report = value.code == "EPOLICY"
    if cli.out.is_json then
      cli.out:object(value)
    elseif is_report then
      cli.out.write_problem(tostring(value.error) .. "\n")
    else
      cli.out:problem("%s", tostring(value.error))
    end
    return nil, is_report and runtime.MISTAKES or runtime.USAGE
  end
  return value
end

return ask
