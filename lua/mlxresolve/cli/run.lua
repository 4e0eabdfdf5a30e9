--- `mlxresolve run POLICY`: the daemon, until a signal ends it.

local core = require("mlxresolve.core")
local daemon = require("mlxresolve.daemon")
local runtime = require("mlxresolve.cli.runtime")

local run = {}

local EXPECTED = "--listen: expected ADDRESS:PORT such as 127.0.0.1:5453 or [::1]:5453, got '%s'"

-- Port 0 is any free one, which only listeners have.
local function is_listener(text)
  local parsed = core.address.parse((text:gsub(":0$", ":1")))
  return parsed and parsed.port
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function run.run(cli, args)
  for _, text in ipairs(args.listen or {}) do
    if not is_listener(text) then
      cli.out:problem(EXPECTED, text)
      return runtime.USAGE
    end
  end
  return daemon.run(cli, {
    policy = args.policy_file,
    control = args.control,
    listen = args.listen and #args.listen > 0 and args.listen or nil,
  })
end

return run
