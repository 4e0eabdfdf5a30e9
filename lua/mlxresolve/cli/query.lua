--- `mlxresolve query NAME [TYPE]…`: asks the running daemon, or runs a policy here.

local ask = require("mlxresolve.cli.ask")
local client = require("mlxresolve.cli.client")
local core = require("mlxresolve.core")
local group = require("mlxresolve.group")
local here = require("mlxresolve.cli.here")
local result = require("mlxresolve.control.result")
local runtime = require("mlxresolve.cli.runtime")
local units = require("mlxresolve.units")
local view = require("mlxresolve.cli.view")

local query = {}

-- The daemon's own deadline decides; this is for a daemon that hangs.
local PATIENCE = 60e3

--- One question for addresses, or one for each type that was named.
---@return mlxresolve.Asked[]|nil, string? message
local function read_questions(args)
  -- the empty text would be the root
  local name = args.name ~= "" and core.name.canonical(args.name)
  if not name then
    return nil, ("'%s' is no host name, such as mini2.local"):format(args.name)
  end
  local timeout = args.timeout and units.duration(tonumber(args.timeout) or args.timeout)
  if args.timeout and (not timeout or timeout <= 0 or timeout > 60e3) then
    local form = "--timeout: expected a duration up to 60s such as '800ms' or '2s', got '%s'"
    return nil, form:format(args.timeout)
  end
  local questions = {}
  for i, type in ipairs(#args.types > 0 and args.types or { false }) do
    local types = type and { type:upper() } or { "A", "AAAA" }
    if not core.wire.type_number(types[1]) then
      return nil, ("'%s' is no record type, such as A, AAAA or SRV"):format(type)
    end
    -- PTR of an address means its reverse name; nobody types that.
    local reverse = types[1] == "PTR" and core.name.reverse(args.name)
    questions[i] = {
      name = reverse or name,
      types = types,
      timeout = timeout or nil,
      trace = args.trace or false,
      fresh = args.fresh or false,
    }
  end
  return questions
end

local function target_of(question)
  local parameters = { { "name", question.name } }
  for _, type in ipairs(question.types) do
    parameters[#parameters + 1] = { "type", type }
  end
  for _, flag in ipairs { "trace", "fresh" } do
    if question[flag] then
      parameters[#parameters + 1] = { flag, 1 }
    end
  end
  if question.timeout then
    parameters[#parameters + 1] = { "timeout", question.timeout .. "ms" }
  end
  return "/v1/query" .. client.query_string(parameters)
end

local function ask_one(scheduler, path, question)
  local patience = (question.timeout or PATIENCE) + 2e3
  local value, status, code =
    client.ask(scheduler, path, { target = target_of(question), timeout = patience })
  if not value then
    return nil, status, code
  elseif status ~= 200 or not value.status then
    return nil, tostring(value.error or "an unexpected reply"), "EREFUSED"
  end
  return value
end

--- All questions side by side; the results, or the first failure.
local function ask_daemon(scheduler, path, questions)
  local functions = {}
  for i, question in ipairs(questions) do
    functions[i] = function()
      return ask_one(scheduler, path, question)
    end
  end
  local found = {}
  for i, packed in ipairs(group.all(scheduler, functions)) do
    if not packed[1] then
      return nil, packed[2], packed[3]
    end
    found[i] = packed[1]
  end
  return found
end

--- Asks a resolver all questions and waits; the results, or nil when interrupted.
local function ask_resolver(cli, resolver, questions)
  local found, left = {}, #questions
  for i, question in ipairs(questions) do
    resolver:resolve(question.name, question, function(...)
      found[i] = result.describe(question, ...)
      left = left - 1
      if left == 0 then
        cli:stop()
      end
    end)
  end
  return cli:loop() and found or nil
end

local function show_all(cli, found, wants_trace)
  local worst, is_found = 0, false
  for _, shown in ipairs(found) do
    view.show(cli.out, shown, wants_trace)
    local code = result.exit_code(shown.status)
    is_found = is_found or code == 0
    worst = math.max(worst, code)
  end
  return is_found and runtime.OK or worst
end

--- Runs the policy here, for this query only.
local function run_here(cli, path, questions, wants_trace)
  local resolver, failure = here.open(cli, path)
  if not resolver then
    return failure
  end
  local found = ask_resolver(cli, resolver, questions)
  resolver:close(function()
    cli:stop()
  end)
  if not found then
    return runtime.INTERRUPTED
  end
  local code = show_all(cli, found, wants_trace)
  cli.world:loop()
  return code
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function query.run(cli, args)
  local questions, message = read_questions(args)
  if not questions then
    cli.out:problem("%s", message)
    return runtime.USAGE
  end
  if args.policy then
    return run_here(cli, args.policy, questions, args.trace)
  end
  local path = cli:control_path(args.control)
  if path then
    local found, code
    found, message, code = cli:run(function(scheduler)
      return ask_daemon(scheduler, path, questions)
    end)
    if found then
      return show_all(cli, found, args.trace)
    elseif args.control or not client.is_absent(code) then
      return ask.explain(cli, path, message, code)
    end
  end
  return run_here(cli, here.instead(cli, path), questions, args.trace)
end

return query
