--- The arguments of the command line. Its help texts are the reference that users have.

local argparse = require("argparse")
local commands = require("mlxresolve.cli.commands")
local version = require("mlxresolve.version")

local arguments = {}

local EPILOG = [[
Exit codes: 0 found, 1 usage or internal, 2 no such name, 3 no answer in time,
4 policy mistakes, 5 daemon not reachable, 130 interrupted.]]

-- argparse takes options of the program behind the command too, but does not list them there.
local COMMON = "Options for every command: --json, --control PATH; see mlxresolve --help."

-- Ends the reading of arguments; `state` tells why.
local STOP = {}

--- For actions of options: what was asked for is a text, not a command.
local function say(state, text)
  return function()
    state.text = text()
    error(STOP, 0)
  end
end

--- argparse's own help ends the process.
local function add_help(parser, state)
  parser:add_help(false)
  parser:flag("-h --help"):description("Show this help."):action(say(state, function()
    return parser:get_help()
  end))
end

local function finish(command, state)
  add_help(command, state)
  command:epilog(COMMON)
end

local function new_parser(state)
  local parser =
    argparse("mlxresolve", "Keeps names resolving, by a policy written in Lua.", EPILOG)
  parser:command_target("command")
  parser:require_command(true)
  parser:usage_max_width(80):help_max_width(80)
  add_help(parser, state)
  parser:flag("--version"):description("Show the version."):action(say(state, function()
    return ("mlxresolve %s (plugin API %s, %s)"):format(version.library, version.api, jit.version)
  end))
  parser:flag("--json"):description("Print one JSON object a line.")
  parser:option("--control"):argname("PATH"):description("The daemon's control socket.")
  for _, name in ipairs(commands.order) do
    local command = parser:command(name)
    for _, sub in ipairs(commands[name](command) or {}) do
      finish(sub, state)
    end
    finish(command, state)
  end
  local help = parser:command("help")
  help:description("Show the help of a command.")
  help
    :argument("COMMAND")
    :argname("COMMAND")
    :target("topic")
    :args("*")
    :description("The command; all when absent.")
  add_help(help, state)
  return parser
end

--- Reads the words of the command line.
---@param words string[]
---@return table|nil values, string? text, boolean? was_asked  for nil: what to show, and whether
--- it was asked for or is about a mistake
function arguments.parse(words)
  local state = {}
  local parser = new_parser(state)
  function parser.error(at, message)
    state.problem = message .. "\n\n" .. at:get_usage()
    error(STOP, 0)
  end
  if #words == 0 then
    return nil, parser:get_help(), false
  end
  local ok, values = pcall(parser.parse, parser, words)
  if not ok and values ~= STOP then
    error(values, 0)
  elseif not ok then
    return nil, state.text or state.problem, state.text ~= nil
  elseif values.command == "help" then
    table.insert(values.topic, "--help")
    return arguments.parse(values.topic)
  end
  return values
end

return arguments
