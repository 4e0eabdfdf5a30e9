--- `mlxresolve run POLICY`: the daemon, until a signal ends it.

local core = require("mlxresolve.core")
local daemon = require("mlxresolve.daemon")
local runtime = require("mlxresolve.cli.runtime")
local schema = require("mlxresolve.policy.schema")

local run = {}

local EXPECTED = "--listen: expected ADDRESS:PORT such as 127.0.0.1:5453 or [::1]:5453, got '%s'"
local MOST = schema.policy.listen.max

-- Port 0 is any free one, which only listeners have.
local function is_listener(text)
  local parsed = core.address.parse((text:gsub(":0$", ":1")))
  return parsed and parsed.port
end

--- What is wrong with the addresses of --listen, or nothing.
local function mistake_in(listen)
  local seen = {}
  for _, text in ipairs(listen) do
    if not is_listener(text) then
      return EXPECTED:format(text)
    elseif seen[text] and not text:find(":0$") then
      return ("--listen: %s is there twice"):format(text)
    end
    seen[text] = true
  end
  if #listen > MOST then
    return ("--listen: at most %d addresses, got %d"):format(MOST, #listen)
  end
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function run.run(cli, args)
  local mistake = mistake_in(args.listen or {})
  if mistake then
    cli.out:problem("%s", mistake)
    return runtime.USAGE
  end
  return daemon.run(cli, {
    policy = args.policy_file,
    control = args.control,
    listen = args.listen and #args.listen > 0 and args.listen or nil,
  })
end

return run
