--- `mlxresolve run POLICY`: the daemon, until a signal ends it.

local daemon = require("mlxresolve.daemon")

local run = {}

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function run.run(cli, args)
  return daemon.run(cli, {
    policy = args.policy_file,
    control = args.control,
    listen = args.listen and #args.listen > 0 and args.listen or nil,
  })
end

return run
