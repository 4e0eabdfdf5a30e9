--- Scenarios: reads one and checks it, with all mistakes at once. A scenario is a Lua file that
--- returns a table; it is loaded as policies are: text, in the sandbox.

local check = require("mlxresolve.policy.check")
local core = require("mlxresolve.core")
local network = require("mlxresolve.world.sim.network")
local poison = require("mlxresolve.policy.poison")
local recorder = require("mlxresolve.policy.recorder")
local report = require("mlxresolve.policy.report")
local schema = require("mlxresolve.simulate.schema")
local suggest = require("mlxresolve.suggest")
local verbs = require("mlxresolve.simulate.verbs")

local scenario = {}

---@class mlxresolve.Scenario   its fields as mlxresolve.simulate.schema has them
---@field file string
---@field name string    of the file, for people
---@field ends number    ms

-- Keeps the checker, what was written, and where.
local Reader = {}
Reader.__index = Reader

function Reader:mistake(container, key, text, ...)
  local place = self.checker:place(container, key, "value", self.place)
  self.checker:mistake(place, text, ...)
end

local function names_of(map)
  local list = {}
  for name in pairs(map) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

local function is_table_of_tables(value)
  if type(value) ~= "table" then
    return false
  end
  for _, item in pairs(value) do
    if type(item) ~= "table" then
      return false
    end
  end
  return true
end

--- Names something of the scenario; a wrong name is a mistake.
function Reader:known(map, noun, container, key)
  local name = container[key]
  if type(name) == "string" and map and not map[name] then
    local hint = suggest.hint(name, names_of(map))
    self:mistake(container, key, "there is no %s '%s'%s", noun, name, hint)
  end
end

function Reader:addresses(list)
  for i, text in ipairs(type(list) == "table" and list or {}) do
    if type(text) == "string" and not network.address(text) then
      local wanted = "expected an address with its prefix, such as '192.168.2.1/24', got '%s'"
      self:mistake(list, i, wanted, text)
    end
  end
end

function Reader:name(container, key)
  local name = container[key]
  if type(name) == "string" and not core.name.canonical(name) then
    self:mistake(container, key, "'%s' is no name", name)
  end
end

--- "mini2/eth0", or the name of a bridge.
function Reader:cable(step, key)
  if not (self.written.bridges or {})[step[key]] then
    self:interface(step, key)
  end
end

function Reader:bridges()
  local bridges = is_table_of_tables(self.written.bridges) and self.written.bridges or {}
  for _, name in ipairs(names_of(bridges)) do
    local ends = bridges[name]
    if #ends ~= 2 or ends[1] == ends[2] then
      self:mistake(bridges, name, 'a bridge joins two links, such as { "desk", "rack" }')
    end
    for i in ipairs(ends) do
      self:known(self.written.links, "link", ends, i)
    end
  end
end

--- "mini2/eth0"
function Reader:interface(step, key)
  local host, interface = step[key]:match("^([^/]+)/([^/]+)$")
  local found = host and self.written.hosts[host]
  if not host then
    self:mistake(step, key, "expected a host and its interface, such as 'mini2/eth0'")
  elseif not found then
    local hint = suggest.hint(host, names_of(self.written.hosts))
    self:mistake(step, key, "there is no host '%s'%s", host, hint)
  elseif type(found.interfaces) == "table" and not found.interfaces[interface] then
    local hint = suggest.hint(interface, names_of(found.interfaces))
    self:mistake(step, key, "%s has no interface '%s'%s", host, interface, hint)
  end
end

---------------------------------------------------------------- steps

--- Finds what the step does; its name is noted in `checked`.
function Reader:step(step, checked)
  local found = {}
  for _, verb in ipairs(schema.verbs) do
    if type(step[verb]) == "string" then
      found[#found + 1] = verb
    end
  end
  if #found == 0 then
    local text = "this step does nothing: expected one of %s"
    self:mistake(step, "at", text, table.concat(schema.verbs, ", "))
  elseif #found > 1 then
    self:mistake(step, found[2], "a step does one thing: '%s' or '%s'", found[1], found[2])
  else
    checked.verb = found[1]
    verbs.check[found[1]](self, step, found[1])
    checked.jump = step.set_clock and verbs.jump(step.set_clock)
  end
end

---------------------------------------------------------------- the whole

-- What the schema has found wrong already is not looked at closer.
function Reader:cross_check(checked)
  local written = self.written
  if not (is_table_of_tables(written.hosts) and is_table_of_tables(written.links)) then
    return
  end
  self:known(written.hosts, "host", written, "machine")
  self:bridges()
  for _, name in ipairs(names_of(written.hosts)) do
    local interfaces = written.hosts[name].interfaces
    for _, interface in pairs(is_table_of_tables(interfaces) and interfaces or {}) do
      self:known(written.links, "link", interface, "link")
      self:addresses(interface.addresses)
    end
  end
  for i, step in ipairs(is_table_of_tables(written.timeline) and written.timeline or {}) do
    self:step(step, (checked.timeline or {})[i] or {})
  end
end

local function last_time(checked)
  local last = 0
  for _, step in ipairs(checked.timeline) do
    local lasts = step.verb == "flap" and step.times * step.every * 2 or 0
    last = math.max(last, step.at + (step.within or 0) + lasts, step.till or 0)
  end
  return last
end

local function finish(record, checked, path)
  record:close()
  if #record.mistakes > 0 then
    return nil, report.sort(record.mistakes)
  end
  checked.file = path
  checked.name = path:match("([^/]+)%.lua$") or path
  checked.ends = checked.ends or last_time(checked) + 2000
  -- In the order of time; steps of the same time stay as they were written.
  for i, step in ipairs(checked.timeline) do
    step.position = i
  end
  table.sort(checked.timeline, function(a, b)
    return a.at < b.at or (a.at == b.at and a.position < b.position)
  end)
  return checked
end

--- Loads and checks a scenario.
---@param path string
---@param world mlxresolve.World  whose files are read
---@return mlxresolve.Scenario|nil, mlxresolve.Mistake[]? mistakes  tostring() gives the report
function scenario.load(path, world)
  local record = recorder.new(world)
  local written, source, message = record:file(path)
  local place = { file = path }
  if not source then
    record:mistake(place, "cannot read the scenario: %s", message)
    return finish(record, nil, path)
  elseif type(written) ~= "table" or getmetatable(written) ~= nil then
    if not poison.is(written) then
      record:mistake(place, "a scenario must end with: return { … }")
    end
    return finish(record, nil, path)
  end
  local checker = check.new(record, {})
  local reader = setmetatable({ checker = checker, written = written, place = place }, Reader)
  local checked = checker:options(schema.scenario, written, "scenario: ", place)
  reader:cross_check(checked)
  return finish(record, checked, path)
end

return scenario
