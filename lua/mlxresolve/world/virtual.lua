--- A world with a virtual clock and scripted answers: nothing leaves the process, and an hour
--- passes in no time. Time moves only in `advance` and `settle`.

local lookups = require("mlxresolve.world.virtual.lookups")
local network = require("mlxresolve.world.virtual.network")
local programs = require("mlxresolve.world.virtual.programs")

local virtual = {}
local methods = {}
local mt = { __name = "mlxresolve.world.virtual", __index = methods }

for _, part in ipairs { lookups, network, programs } do
  for name, fn in pairs(part) do
    methods[name] = fn
  end
end

---@class mlxresolve.VirtualWorld: mlxresolve.World
---@field files table<string, string>        path → text
---@field environment table<string, string>
---@field servers table<string, function>    address → fn(name, type number, world) → see `exchange`
---@field names table<string, string[]>      what getaddrinfo knows: canonical name → addresses
---@field echoes table<string, number|table> address → ms, or { message, code }
---@field programs table<string, function>   program → fn(argv, world) → exit code, stdout, stderr
---@field ran table[]                        programs: { argv, at, is_over }
---@field links mlxresolve.Interface[]
---@field neighbour_table mlxresolve.Neighbour[]
---@field lines string[]                     what was logged, "level: text"
---@field sent table[]                       datagrams: { packet, to, interface, socket, at }
---@field asked table[]                      exchanges: { server, name, type, at }
---@param options { seed: integer?, start: number? }?
---@return mlxresolve.VirtualWorld
function virtual.new(options)
  options = options or {}
  return setmetatable({
    host = false,
    time = options.start or 1000,
    started = options.start or 1000,
    epoch = 1750000000,
    state = options.seed or 1,
    due = false,
    operations = {},
    last_operation = 0,
    files = {},
    stamps = {},
    environment = {},
    servers = {},
    targets = {},
    names = {},
    echoes = {},
    programs = {},
    ran = {},
    links = {},
    neighbour_table = {},
    lines = {},
    sent = {},
    asked = {},
    sockets = {},
    watchers = {},
    name = "here",
  }, mt)
end

---------------------------------------------------------------- time and chance

function methods:now()
  return self.time
end

function methods:date()
  return self.epoch + (self.time - self.started) / 1000
end

--- Park and Miller's generator: the same seed gives the same run everywhere.
function methods:random(n)
  self.state = (self.state * 48271) % 2147483647
  local fraction = self.state / 2147483647
  return n and math.floor(fraction * n) + 1 or fraction
end

function methods:wake_at(at)
  self.due = at or false
end

--- When something happens next: a wake-up of the host or the end of an operation.
local function next_event(self)
  local at, number = self.due, false
  for id, operation in pairs(self.operations) do
    local is_earlier = not at or operation.at < at
    if is_earlier or (number and operation.at == at and id < number) then
      at, number = operation.at, id
    end
  end
  return at, number
end

local function happen(self, at, number)
  self.time = math.max(self.time, at)
  if number then
    local operation = self.operations[number]
    self.operations[number] = nil
    operation.waiter:wake(operation.run(self))
  end
  self.due = false
  self.host:run(self.time)
end

--- Lets `ms` pass, and everything happen in it.
---@param ms number
function methods:advance(ms)
  local stop = self.time + ms
  for _ = 1, 1e6 do
    local at, number = next_event(self)
    if not at or at > stop then
      self.time = stop
      return
    end
    happen(self, at, number)
  end
  error("the virtual world does not come to rest", 2)
end

--- Lets time pass until `is_done()` is true or nothing more will happen; returns the ms that
--- passed.
---@param is_done (fun(): boolean)?
---@param most number?  ms; an hour when absent
function methods:settle(is_done, most)
  local start = self.time
  local stop = start + (most or 3600e3)
  for _ = 1, 1e6 do
    if is_done and is_done() then
      return self.time - start
    end
    local at, number = next_event(self)
    if not at or at > stop then
      return self.time - start
    end
    happen(self, at, number)
  end
  error("the virtual world does not come to rest", 2)
end

--- Wakes `waiter` after `delay` ms with what `run(world)` returns.
---@param waiter mlxresolve.Waiter
---@param delay number?  ms
---@param run fun(world: mlxresolve.VirtualWorld): ...
---@return integer operation
function methods:begin(waiter, delay, run)
  self.last_operation = self.last_operation + 1
  self.operations[self.last_operation] = {
    waiter = waiter,
    at = self.time + (delay or 0),
    run = run,
  }
  return self.last_operation
end

function methods:cancel(_, operation)
  self.operations[operation] = nil
end

---------------------------------------------------------------- files and the rest

function methods:read_file(path)
  local text = self.files[path]
  if not text then
    return nil, path .. ": no such file", "ENOENT"
  end
  return text
end

function methods:write_file(path, text)
  self.files[path] = text
  return true
end

function methods:file_stamp(path)
  local text = self.files[path]
  return text and ("%d:%s"):format(#text, text) or nil
end

function methods:list_folder(path)
  local found = {}
  for file in pairs(self.files) do
    local folder, entry = file:match("^(.*)/([^/]*)$")
    if folder == path then
      found[#found + 1] = entry
    end
  end
  table.sort(found)
  return found
end

function methods:env(name)
  return self.environment[name]
end

function methods:hash_seed() -- luacheck: ignore 212
  return nil
end

function methods:processors() -- luacheck: ignore 212
  return 1
end

function methods:uid() -- luacheck: ignore 212
  return 1000
end

function methods:hostname()
  return self.name
end

function methods:log(level, text)
  self.lines[#self.lines + 1] = level .. ": " .. text
end

function methods:close() -- luacheck: ignore 212
end

return virtual
