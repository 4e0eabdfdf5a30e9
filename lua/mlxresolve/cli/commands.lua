--- What each command takes: its description, arguments and options. A command that has commands of
--- its own returns them.

local commands = {}

commands.order = {
  "run",
  "query",
  "watch",
  "failed",
  "browse",
  "publish",
  "check",
  "simulate",
  "status",
  "cache",
  "pins",
  "reload",
}

function commands.run(command)
  command:description("Run the daemon with a policy, in the foreground.")
  command
    :argument("POLICY")
    :argname("POLICY")
    :target("policy_file")
    :description("A policy, such as home.lua.")
  command
    :option("--listen")
    :argname("ADDRESS:PORT")
    :count("*")
    :description("Answer DNS there, not where the policy says. May be repeated.")
end

function commands.query(command)
  command:description("Find a name's addresses, or records of the types that are named.")
  command:argument("NAME"):argname("NAME"):target("name"):description("A host name or an address.")
  command
    :argument("TYPE")
    :argname("TYPE")
    :target("types")
    :args("*")
    :description("Record types such as A or SRV; A and AAAA when there is none.")
  command:flag("--trace"):description("Show every try: who was asked, what came, how long it took.")
  command:flag("--fresh"):description("Do not take the answer from the cache.")
  command
    :option("--timeout")
    :argname("DURATION")
    :description("Give up after this time, such as 800ms or 2s.")
  command
    :option("--policy")
    :argname("FILE")
    :description("Run this policy here instead of asking the daemon.")
end

function commands.browse(command)
  command:description("Show the services on the attached links, and what becomes of them.")
  command
    :argument("TYPE")
    :argname("TYPE")
    :target("type")
    :args("?")
    :description("A type such as _http._tcp or _gpu._sub._mlx._tcp; all when absent.")
  command:flag("--once"):description("Stop after a second in which nothing new came.")
  command
    :option("--interface")
    :argname("NAME")
    :count("*")
    :target("interfaces")
    :description("Only on this interface. May be repeated.")
end

local function port(text)
  local number = tonumber(text)
  if number and number >= 0 and number <= 65535 and number % 1 == 0 then
    return number
  end
  return nil, ("PORT: expected a number from 0 to 65535, got '%s'"):format(text)
end

function commands.publish(command)
  command:description("Publish a service on the attached links until Ctrl-C.")
  command
    :argument("NAME")
    :argname("NAME")
    :target("name")
    :description("The instance's name, for people.")
  command:argument("TYPE"):argname("TYPE"):target("type"):description("A type such as _http._tcp.")
  command
    :argument("PORT")
    :argname("PORT")
    :target("port")
    :convert(port)
    :description("Where it is offered on this machine.")
  command
    :argument("KEY=VALUE")
    :argname("KEY=VALUE")
    :target("txt")
    :args("*")
    :description("What else there is to know; KEY alone is a flag.")
  command
    :option("--host")
    :argname("HOST")
    :description("This machine's name on the link; its host name when absent.")
  command
    :option("--subtype")
    :argname("SUBTYPE")
    :count("*")
    :target("subtypes")
    :description("A narrower kind, such as _gpu. May be repeated.")
end

function commands.watch(command)
  command:description("Show what becomes of names: where they are, move to, and why.")
  command:argument("NAME"):argname("NAME"):target("names"):args("+"):description("Host names.")
  command
    :option("--policy")
    :argname("FILE")
    :description("Run this policy here instead of asking the daemon.")
end

function commands.failed(command)
  command:description("Report that a name could not be reached, so that it is looked for anew.")
  command:argument("NAME"):argname("NAME"):target("name"):description("The name.")
  command
    :argument("ADDRESS")
    :argname("ADDRESS")
    :target("address")
    :args("?")
    :description("Where it was looked for; all of its addresses when absent.")
end

function commands.check(command)
  command:description("Check policies and tell all mistakes; nothing is started.")
  command
    :argument("POLICY")
    :argname("POLICY")
    :target("policies")
    :args("+")
    :description("Policies to check.")
end

function commands.status(command)
  command:description("Show how the daemon fares, and what is published, watched and in doubt.")
end

local function add_filter(command)
  command
    :argument("NAME")
    :argname("NAME")
    :target("name")
    :args("?")
    :description("A name, or *.ZONE for a zone and all below it; everything when absent.")
  command:option("--type"):argname("TYPE"):description("Only records of this type.")
  command:option("--interface"):argname("NAME"):description("Only what came over this interface.")
  command:option("--strategy"):argname("NAME"):description("Only what this strategy said.")
  command
    :option("--older-than")
    :argname("DURATION")
    :description("Only what has been known at least so long, such as 90s or 10m.")
end

function commands.cache(command)
  command:description("List what the daemon knows, make it forget, keep it and bring it back.")
  command:require_command(true):command_target("cache_command")
  local ls = command:command("ls")
  ls:description("List what is known.")
  add_filter(ls)
  ls:option("--limit")
    :argname("NUMBER")
    :description("At most so many entries; 1000 when absent, never more than 10000.")
  local flush = command:command("flush")
  flush:description("Drop what is known about a name or a zone, or everything.")
  add_filter(flush)
  local dump = command:command("dump")
  dump:description("Print whole entries, a JSON object a line, for keeping.")
  add_filter(dump)
  local load = command:command("load")
  load:description("Bring back what a dump printed; younger answers stay.")
  load
    :argument("FILE")
    :argname("FILE")
    :target("file")
    :args("?")
    :description("Where the dump is; the standard input when absent.")
  return { ls, flush, dump, load }
end

function commands.pins(command)
  command:description("Show which hosts have proved who they are, and whom names belong to.")
  command
    :option("--forget")
    :argname("NAME")
    :description("Forget whom a name belongs to: its host is met for the first time again.")
end

function commands.reload(command)
  command:description("Make the daemon read its policy again; with mistakes the old one stays.")
end

-- For options that are whole numbers from 1 on.
local function count_of(option)
  return function(text)
    local number = tonumber(text)
    if number and number >= 1 and number % 1 == 0 then
      return number
    end
    return nil, ("%s: expected a whole number from 1 on, got '%s'"):format(option, text)
  end
end

function commands.simulate(command)
  command:description("Run a policy in simulated networks, where everything goes wrong.")
  command
    :argument("POLICY")
    :argname("POLICY")
    :target("policy_file")
    :description("A policy, such as home.lua.")
  command
    :argument("SCENARIO")
    :argname("SCENARIO")
    :target("scenarios")
    :args("+")
    :description("What happens in the network, and what is expected.")
  command
    :option("--seeds")
    :argname("NUMBER")
    :convert(count_of("--seeds"))
    :description("Run each scenario with so many seeds; 100 when absent.")
  command
    :option("--first")
    :argname("NUMBER")
    :convert(count_of("--first"))
    :description("The first of the seeds; 1 when absent.")
  command
    :option("--jobs")
    :argname("NUMBER")
    :convert(count_of("--jobs"))
    :description("Processes at a time; one for each processor when absent.")
  command
    :option("--seed")
    :argname("NUMBER")
    :convert(count_of("--seed"))
    :description("Run this seed alone: a replay.")
  command:flag("--trace"):description("Show all that happened, of a seed that fails or of --seed.")
end

return commands
