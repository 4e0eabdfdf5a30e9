--- What each kind of step needs, and what it may name.

local core = require("mlxresolve.core")
local units = require("mlxresolve.units")

local verbs = {}

--- "+1h" as ms; nothing when it is no jump.
---@param text string
---@return number|nil
function verbs.jump(text)
  local sign, size = text:match("^([+-])(.+)$")
  local ms = size and units.duration(size)
  return ms and (sign == "-" and -ms or ms)
end

local function of_host(reader, step, verb)
  reader:known(reader.written.hosts, "host", step, verb)
end

local function of_link(reader, step, verb)
  reader:known(reader.written.links, "link", step, verb)
end

local function of_interface(reader, step, verb)
  reader:interface(step, verb)
end

local function of_cable(reader, step, verb)
  reader:cable(step, verb)
end

local function of_name(reader, step, verb)
  reader:name(step, verb)
end

local function needs(reader, step, key, example)
  if step[key] == nil then
    reader:mistake(step, "at", "this step needs `%s`, such as %s", key, example)
  end
end

--- By verb: called with the reader of the scenario, the step as it was written, and the verb.
verbs.check = {
  unplug = of_cable,
  flap = of_interface,
  plug = function(reader, step, verb)
    reader:cable(step, verb)
    reader:known(reader.written.links, "link", step, "link")
  end,
  readdress = function(reader, step, verb)
    reader:interface(step, verb)
    needs(reader, step, "to", 'to = { "192.168.2.9/24" }')
    reader:addresses(step.to)
  end,
  never = function(reader, step)
    needs(reader, step, "of", 'of = "mini2.local"')
    reader:name(step, "of")
    if not core.address.parse(step.never) then
      reader:mistake(step, "never", "'%s' is no address", step.never)
    end
  end,
  partition = function(reader, step, verb)
    of_link(reader, step, verb)
    needs(reader, step, "groups", 'groups = { { "mini1" }, { "mini2" } }')
    for _, group in ipairs(type(step.groups) == "table" and step.groups or {}) do
      for i in ipairs(type(group) == "table" and group or {}) do
        reader:known(reader.written.hosts, "host", group, i)
      end
    end
  end,
  server = function(reader, step, verb)
    of_host(reader, step, verb)
    local host = reader.written.hosts[step.server]
    if type(host) == "table" and not host.dns then
      reader:mistake(step, verb, "%s runs no DNS server: give it `dns = { … }`", step.server)
    end
  end,
  sleep = of_host,
  wake = of_host,
  off = function(reader, step, verb)
    of_host(reader, step, verb)
    if step.off == reader.written.machine then
      reader:mistake(step, verb, "the machine itself cannot be switched off; it can sleep")
    end
  end,
  on = of_host,
  change = of_link,
  heal = of_link,
  ask = of_name,
  keep_asking = of_name,
  write = function() end,
  set_clock = function(reader, step, verb)
    if not verbs.jump(step[verb]) then
      reader:mistake(step, verb, "expected a jump such as '+1h' or '-2h', got '%s'", step[verb])
    end
  end,
  quiet = function(reader, step, verb)
    reader:interface(step, verb)
    if (step[verb]):match("^[^/]*") ~= reader.written.machine then
      reader:mistake(step, verb, "only the machine's own multicast can be forbidden")
    end
  end,
}

return verbs
