--- `mlxresolve failed NAME [ADDRESS]`: tells the daemon that a name could not be reached there.

local ask = require("mlxresolve.cli.ask")
local runtime = require("mlxresolve.cli.runtime")

local failed = {}

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function failed.run(cli, args)
  local value, code = ask.success(cli, args, {
    method = "POST",
    target = "/v1/failure",
    body = { name = args.name, address = args.address },
  })
  if not value then
    return code
  elseif cli.out.is_json then
    cli.out:object(value)
  else
    local where = args.address and " at " .. args.address or ""
    local noun = value.doubted == 1 and "record" or "records"
    local heard = value.doubted > 0 and ("; %d %s of the link in doubt"):format(value.doubted, noun)
    cli.out:line(("%s%s: reported, and asked for anew%s"):format(args.name, where, heard or ""))
  end
  return runtime.OK
end

return failed
