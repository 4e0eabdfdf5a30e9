--- `mlxresolve check POLICY…`: all mistakes of each policy, without starting anything.

local runtime = require("mlxresolve.cli.runtime")

local check = {}

local function describe(mistake)
  return {
    file = mistake.file,
    line = mistake.line or false,
    column = mistake.column or false,
    text = mistake.text,
    source = mistake.source or false,
  }
end

local function check_one(cli, path)
  local policy, mistakes = require("mlxresolve.policy").load(path, { world = cli.world })
  local list = {}
  for i, mistake in ipairs(mistakes or {}) do
    list[i] = describe(mistake)
  end
  if cli.out.is_json then
    cli.out:object { policy = path, ok = policy ~= nil, mistakes = list }
  elseif policy then
    local count = #policy.strategies
    local noun = count == 1 and "strategy" or "strategies"
    cli.out:line(("%s: %s (%d %s)"):format(path, cli.out:style("green", "ok"), count, noun))
  else
    cli.out.write_problem(tostring(mistakes) .. "\n")
  end
  return policy ~= nil
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function check.run(cli, args)
  local are_good = true
  for _, path in ipairs(args.policies) do
    are_good = check_one(cli, path) and are_good
  end
  return are_good and runtime.OK or runtime.MISTAKES
end

return check
