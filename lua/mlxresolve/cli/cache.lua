--- `mlxresolve cache flush [NAME]`: makes the daemon forget.

local ask = require("mlxresolve.cli.ask")
local runtime = require("mlxresolve.cli.runtime")

local cache = {}

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function cache.flush(cli, args)
  local request = {
    method = "POST",
    target = "/v1/cache/flush",
    body = { name = args.name },
  }
  local value, code = ask.success(cli, args, request)
  if not value then
    return code
  elseif cli.out.is_json then
    cli.out:object(value)
  else
    local noun = value.flushed == 1 and "entry" or "entries"
    cli.out:line(("%d %s dropped"):format(value.flushed, noun))
  end
  return runtime.OK
end

return cache
