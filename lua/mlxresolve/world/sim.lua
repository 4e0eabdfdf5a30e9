--- A simulated world: one machine in a virtual network, on a virtual clock, driven by one seed.
--- The same policy and the same plugins run in it as on a real machine, unchanged; an hour passes
--- in a moment, and the same seed gives the same hour again.
---
---   local world = sim.new { seed = 7 }
---   world.net:add_link("desk", { loss = 0.1 })
---   local mini1 = world.net:add_host("mini1")
---   world.net:add_interface(mini1, "eth0", { link = "desk", addresses = { "192.168.2.1/24" } })
---   world:inhabit(mini1)
---   local resolver = mlx.open("cluster.lua", { world = world })
---   world:run_until(world:now() + 30e3)

local chance = require("mlxresolve.world.sim.chance")
local clocks = require("mlxresolve.world.sim.clock")
local lookups = require("mlxresolve.world.sim.lookups")
local machine = require("mlxresolve.world.sim.machine")
local neighbours = require("mlxresolve.world.sim.neighbours")
local network = require("mlxresolve.world.sim.network")
local reach = require("mlxresolve.world.sim.reach")
local sockets = require("mlxresolve.world.sim.sockets")
local streams = require("mlxresolve.world.sim.streams")

local START = 100000 -- ms: the machine has been up for a while
local EPOCH = 1750000000 -- s since 1970

local sim = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim", __index = methods }

for _, part in ipairs { lookups, machine, neighbours, sockets, streams } do
  for name, fn in pairs(part) do
    methods[name] = fn
  end
end

---@class mlxresolve.SimWorld: mlxresolve.World
---@field net table                          the network: world/sim/network.lua
---@field clock mlxresolve.SimClock
---@field files table<string, string>        path → text
---@field environment table<string, string>
---@field names table<string, string[]>      what getaddrinfo knows: canonical name → addresses
---@field on_addresses fun()                  told when addresses of the machine come and go
---@field on_note (fun(text: string))|false  told what happens, for a timeline
---@field files_of mlxresolve.World|false     where files and variables are read that are not here,
--- for the time in which a policy is loaded
---@param options { seed: integer? }?
---@return mlxresolve.SimWorld
function sim.new(options)
  options = options or {}
  local seed = options.seed or 1
  local clock = clocks.new(START)
  return setmetatable({
    host = false,
    seed = seed,
    clock = clock,
    net = network.new(clock, chance.new(seed, "network")),
    chance = chance.new(seed, "machine"),
    me = false,
    date_offset = 0,
    due = false,
    files = {},
    files_of = false,
    environment = {},
    names = {},
    operations = {},
    last_operation = 0,
    pending = 0,
    streams = 0,
    sockets = {},
    last_port = 40000,
    shares_mdns = false,
    watchers = {},
    neighbour_list = {},
    resolving = {},
    on_note = false,
    on_addresses = function() end,
    lines = {},
  }, mt)
end

---------------------------------------------------------------- time and chance

--- Goes on while the machine sleeps, as the real one does.
function methods:now()
  return self.clock.time
end

function methods:date()
  return EPOCH + (self.clock.time - START + self.date_offset) / 1000
end

function methods:random(n)
  return self.chance:draw(n)
end

function methods:hash_seed()
  return self.seed % 2 ^ 32
end

function methods:wake_at(at)
  self.due = at or false
end

-- While the machine sleeps, the world goes on without it.
local function machine_due(self)
  if not self.due or not self.host or (self.me and not reach.is_awake(self.me)) then
    return nil
  end
  return math.max(self.due, self.clock.time)
end

--- Lets the next thing happen, if it does so by `stop`. False when it does not.
---@param stop number  ms, of the clock
---@return boolean
function methods:step(stop)
  local due, event = machine_due(self), self.clock:next()
  if due and (not event or due <= event) then
    if due > stop then
      return false
    end
    self.clock.time = due
    self.due = false
    self.host:run(self:now())
    return true
  end
  if not event or event > stop then
    return false
  end
  self.clock:step()
  return true
end

--- Lets everything happen until a time, or until `is_done()`.
---@param stop number  ms, of the clock
---@param is_done (fun(): boolean)?
function methods:run_until(stop, is_done)
  for _ = 1, 2e6 do
    if is_done and is_done() then
      return
    elseif not self:step(stop) then
      self.clock.time = math.max(self.clock.time, stop)
      return
    end
  end
  error("the simulated world does not come to rest", 2)
end

---------------------------------------------------------------- operations

--- Wakes `waiter` after `delay` ms with what `finish()` returns.
---@param waiter mlxresolve.Waiter
---@param delay number
---@param finish fun(): any, any, any, any
---@return integer operation
function methods:begin(waiter, delay, finish)
  local number = self:new_operation(waiter)
  self.operations[number].event = self.clock:after(delay, function()
    self:complete(number, finish())
  end)
  return number
end

--- An operation that `complete` ends.
---@return integer number
function methods:new_operation(waiter)
  self.last_operation = self.last_operation + 1
  self.operations[self.last_operation] = { waiter = waiter, event = false }
  self.pending = self.pending + 1
  return self.last_operation
end

--- Ends an operation, unless it was cancelled, with these results.
function methods:complete(number, ...)
  local operation = self.operations[number]
  if operation then
    self:cancel(nil, number)
    operation.waiter:wake(...)
  end
end

function methods:cancel(_, number)
  local operation = self.operations[number]
  if operation then
    self.operations[number] = nil
    self.pending = self.pending - 1
    if operation.event then
      self.clock:cancel(operation.event)
    end
    if operation.exchange then
      operation.exchange:close()
    end
  end
end

---------------------------------------------------------------- files and the rest

function methods:read_file(path)
  local text = self.files[path]
  if text then
    return text
  elseif self.files_of then
    return self.files_of:read_file(path)
  end
  return nil, path .. ": no such file", "ENOENT"
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
  for _, entry in ipairs(self.files_of and self.files_of:list_folder(path) or {}) do
    found[#found + 1] = entry
  end
  table.sort(found)
  return found
end

function methods:env(name)
  return self.environment[name] or (self.files_of and self.files_of:env(name)) or nil
end

function methods:hostname()
  return self.me and self.me.name or "localhost"
end

function methods:processors() -- luacheck: ignore 212
  return 1
end

function methods:uid() -- luacheck: ignore 212
  return 1000
end

--- Tells the timeline.
---@param text string
---@param ... any  for string.format
function methods:note(text, ...)
  if self.on_note then
    self.on_note(text:format(...))
  end
end

function methods:log(level, text)
  self.lines[#self.lines + 1] = level .. ": " .. text
  self:note("log %s: %s", level, text)
end

function methods:close() -- luacheck: ignore 212
end

return sim
