--- The documents and what they take from the code, as it should read now.
local arguments = require("mlxresolve.cli.arguments")
local cli_commands = require("mlxresolve.cli.commands")
local conformance = require("support.conformance")
local meta = require("support.meta")
local netns = require("support.netns")
local plugins = require("mlxresolve.plugins")
local policy = require("mlxresolve.policy")
local reference = require("mlxresolve.reference")
local scenario_schema = require("mlxresolve.simulate.schema")
local shell = require("support.shell")
local virtual = require("mlxresolve.world.virtual")

local documents = {
  paths = {
    "README.md",
    "docs/conformance.md",
    "docs/reference.md",
    "docs/simulate.md",
    "plugins/README.md",
  },
}

---@param path string
---@return string
function documents.read(path)
  return (assert(shell.read(path), path .. " is not there"))
end

local function world_with_plugins()
  local world = virtual.new()
  for path in assert(io.popen("ls plugins/*.lua")):lines() do
    world.files[path] = documents.read(path)
  end
  return world
end

local function block(language, text)
  return ("```%s\n%s```\n"):format(language, text)
end

-- The lines of a file from the first that begins with `first` to the next that is `last`.
local function part(path, first, last)
  local lines = {}
  for line in io.lines(path) do
    if #lines > 0 or line:sub(1, #first) == first then
      lines[#lines + 1] = line
      if line == last then
        return table.concat(lines, "\n") .. "\n"
      end
    end
  end
  error(("%s has no lines from %q to %q"):format(path, first, last), 0)
end

---------------------------------------------------------------- what programs print

-- A machine called mini1 with one address on one link, where nobody speaks.
local MINI1 = [[
hostname mini1
unshare --net sleep 30 & far=$!
while [ "$(readlink /proc/$far/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link add eth0 type veth peer name far netns $far &&
nsenter -t $far -n ip link set far up && ip link set eth0 addrgenmode none &&
ip addr add 192.168.2.1/24 dev eth0 && ip link set eth0 up || exit 1
until grep -q up /sys/class/net/eth0/operstate; do sleep 0.01; done
tools/run >/run/out 2>/run/err & run=$!
for _ in $(seq 200); do
  grep -q slot7 /run/out && break
  sleep 0.05
done
cat /run/out
echo "====="
echo '$ dig @127.0.0.1 -p 5453 mini9.local'
dig @127.0.0.1 -p 5453 mini9.local | grep -E '>>HEADER<<|EDE:'
kill $run && wait $run
]]

local printed -- once is enough

--- What `make run` prints on mini1, and what dig says of a name that nobody has; numbers that
--- differ from run to run are replaced by fixed ones. Nothing where namespaces cannot be had.
---@return string|nil run, string|nil dig
local function on_mini1()
  if not printed and netns.available() then
    local done = netns.exec({ "unshare", "--uts", "sh", "-c", MINI1 }, { timeout = 30 })
    printed = done.out
      :gsub("pid %d+", "pid 4711")
      :gsub("id: %d+", "id: 4711")
      :gsub("%d+ questions", "2 questions")
      :gsub("%f[%d]%d%.%dms", "0.1ms")
      :gsub("[^\n]+", "    %0")
  end
  if printed then
    local run, dig = printed:match("^(.-)    =====\n(.*)$")
    local is_whole = run and run:find("slot7", 1, true) and dig:find("EDE", 1, true)
    assert(is_whole, "tools/run in a namespace did not come to its end; is the program built?")
    return run, dig
  end
end

local MISTAKEN = [[
return mlx.policy {
  deadline = "4.5",
  strategies = {
    use("mdsn", { zones = { "local" } }),
    use("dns", { server = "192.0.2.53" }),
  },
}
]]

local function mistakes()
  local world = world_with_plugins()
  world.files["my.lua"] = 'local mlx = require("mlxresolve")\nlocal use = mlx.use\n' .. MISTAKEN
  local _, found = policy.load("my.lua", { world = world, plugin_dirs = { "plugins" } })
  local text = "$ mlxresolve check my.lua\n" .. tostring(found):gsub("\n*$", "\n")
  return (text:gsub("[^\n]+", "    %0"))
end

---------------------------------------------------------------- the command line

local PARTS = { cache = { "ls", "flush", "dump", "load" } }

local COMMANDS = {}
for _, name in ipairs(cli_commands.order) do
  for _, under in ipairs(PARTS[name] or { false }) do
    COMMANDS[#COMMANDS + 1] = under and name .. " " .. under or name
  end
end

local function help(command)
  local words = { "help" }
  for word in command:gmatch("%S+") do
    words[#words + 1] = word
  end
  local _, text = arguments.parse(words)
  return text
end

local function commands()
  local lines = { "| command | what it does |", "|---|---|" }
  for _, command in ipairs(COMMANDS) do
    local usage, about = help(command):match("^Usage: mlxresolve (.-)\n\n(.-)\n\n")
    usage = usage:gsub("%s+", " "):gsub(" ?%[%-h%]", ""):gsub("%] %.%.%.", "…]")
    lines[#lines + 1] = ("| `%s` | %s |"):format(usage, (about:gsub("%s+", " ")))
  end
  return table.concat(lines, "\n") .. "\n"
end

local function options()
  local lines = { "| option | of | what it does |", "|---|---|---|" }
  for _, command in ipairs(COMMANDS) do
    local list = help(command):match("\nOptions:\n(.-)\n\n")
    for option, about in (list .. "\n   "):gmatch("(%-%-%S+ ?[%u:]*) +(.-)\n%f[^\n]   %f[^ ]") do
      if option ~= "--help " then
        lines[#lines + 1] = ("| `%s` | `%s` | %s |"):format(
          (option:gsub(" $", "")),
          command,
          (about:gsub("%s+", " "))
        )
      end
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

---------------------------------------------------------------- all of them

-- What a scenario may hold, by the table of docs/simulate.md.
local function verb_fields(is_verb)
  local verbs, fields = {}, {}
  for _, verb in ipairs(scenario_schema.verbs) do
    verbs[verb] = true
  end
  for name, spec in pairs(scenario_schema.step) do
    if (verbs[name] or false) == is_verb then
      fields[name] = spec
    end
  end
  return fields
end

-- How an object of a class is called in the reference.
local OBJECTS = {
  mlxresolve = {
    mlx = "mlx",
    Resolver = "resolver",
    Request = "request",
    ResolveOptions = "options",
    WatchEvent = "event",
  },
  world = { World = "world", Stream = "stream", Socket = "socket", Waiter = "waiter" },
  plugin = {
    Query = "query",
    Answer = "answer",
    Context = "ctx",
    PluginCache = "ctx.cache",
    Change = "change",
    Failure = "failure",
    Endpoint = "endpoint",
    RankedAddress = "address",
    Mdns = "ctx.mdns",
    Health = "ctx.health",
    Follower = "follower",
    NameInUse = "name",
  },
}
OBJECTS.mlxresolve.OpenOptions, OBJECTS.mlxresolve.Result = "options", "result"

local makers = {
  plugins = function()
    return reference.plugin_table(plugins.new(world_with_plugins(), { "plugins" }))
  end,
  uses = function()
    return reference.plugin_options_table(plugins.new(world_with_plugins(), { "plugins" }))
  end,
  common = reference.common_table,
  policy = reference.policy_table,
  cache = reference.cache_table,
  front = reference.front_table,
  network = reference.network_table,
  types = reference.types_table,
  commands = commands,
  options = options,
  mistakes = mistakes,
  cable = function()
    return block("lua", documents.read("examples/scenarios/cable_pulled.lua"))
  end,
  home = function()
    return block("lua", documents.read("examples/home.lua"))
  end,
  rack = function()
    return block("lua", part("examples/custom_fallback.lua", "local rack = use", "}"))
  end,
  run = on_mini1,
  dig = function()
    return (select(2, on_mini1()))
  end,
}
for name, fields in pairs {
  scenario = scenario_schema.scenario,
  link = scenario_schema.link,
  host = scenario_schema.host,
  interface = scenario_schema.interface,
  server = scenario_schema.server,
  service = scenario_schema.service,
  steps = verb_fields(true),
  details = verb_fields(false),
} do
  makers[name] = function()
    return reference.options_table(fields)
  end
end
for file, objects in pairs(OBJECTS) do
  for class, object in pairs(objects) do
    makers[class] = function()
      return meta.table(meta.read(file)[class], object)
    end
  end
end

local function points_of(rfc)
  return function()
    return conformance.table(function(point)
      return rfc == "others" and point.rfc ~= 6762 and point.rfc ~= 6763 or point.rfc == rfc
    end)
  end
end

makers.conformance = conformance.count
makers.mdns, makers.dnssd, makers.unicast = points_of(6762), points_of(6763), points_of("others")

--- What a document should say now. What cannot be had on this machine stays as it is.
---@param path string
---@return string
function documents.expected(path)
  local text = documents.read(path)
  local tables = {}
  for name, old in text:gmatch("<!%-%- table: (%a+) %-%->\n(.-)<!%-%- end %-%->") do
    tables[name] = makers[name] and (makers[name]() or old)
  end
  return reference.fill(text, tables)
end

return documents
