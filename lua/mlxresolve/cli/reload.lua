--- `mlxresolve reload`: makes the daemon read its policy again.

local ask = require("mlxresolve.cli.ask")
local runtime = require("mlxresolve.cli.runtime")

local reload = {}

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function reload.run(cli, args)
  local value, code = ask.success(cli, args, { method = "POST", target = "/v1/reload" })
  if not value then
    return code
  elseif cli.out.is_json then
    cli.out:object(value)
  else
    cli.out:line("the policy was read again")
    local waiting = value.at_restart or {}
    if #waiting > 0 then
      local text = "what it says of %s waits for the next start of the daemon"
      cli.out:problem(text, table.concat(waiting, ", "))
    end
  end
  return runtime.OK
end

return reload
