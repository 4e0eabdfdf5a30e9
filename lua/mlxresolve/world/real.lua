--- The machine as a world: luv's loop, the core's I/O objects, files, the clock.
---
--- Every I/O object is a descriptor and a step. The descriptor is watched with `uv.new_poll`; one
--- timer serves the host and all objects' deadlines. Objects are opened when first used.

local core = require("mlxresolve.core")
local echoes = require("mlxresolve.world.real.echoes")
local files = require("mlxresolve.world.real.files")
local load = require("mlxresolve.world.real.load")
local lookups = require("mlxresolve.world.real.lookups")
local network = require("mlxresolve.world.real.network")
local processes = require("mlxresolve.world.real.processes")
local reports = require("mlxresolve.world.real.reports")
local serving = require("mlxresolve.world.real.serving")
local storing = require("mlxresolve.world.real.storing")
local streams = require("mlxresolve.world.real.streams")
local turns = require("mlxresolve.world.real.turns")
local harmless = require("mlxresolve.words").harmless

local co, is_main = coroutine.running()
if co and not is_main then
  -- luv keeps the coroutine that loads it as its callback state, and crashes when it is gone
  error("mlxresolve: load the library on the main thread first, not inside a coroutine", 0)
end
local uv = require("luv")

local LEVELS = { error = 1, warn = 2, info = 3, debug = 4 }

local real = {}
local methods = {}
local mt = { __name = "mlxresolve.world.real", __index = methods }

for _, part in ipairs {
  echoes,
  files,
  load,
  lookups,
  network,
  processes,
  reports,
  serving,
  storing,
  streams,
  turns,
} do
  for name, fn in pairs(part) do
    methods[name] = fn
  end
end

---@param options { log: fun(level: string, text: string)?, level: string? }?
---@return mlxresolve.World
function real.new(options)
  options = options or {}
  local self = setmetatable({
    uv = uv,
    host = false,
    time = core.now(),
    in_turn = false,
    wanted = false,
    armed = false,
    timer = false,
    deadlines = {},
    watched = {},
    handles = {},
    watchers = {},
    load = false,
    log_to = options.log or false,
    log_level = LEVELS[options.level or "warn"],
    entropy = "",
    entropy_at = 0,
    is_closed = false,
  }, mt)
  self.on_timer = function()
    self.armed = false
    self:turn()
  end
  return self
end

---------------------------------------------------------------- time and chance

--- Constant within a turn, so that everything in it happens at the same time.
function methods:now()
  if not self.in_turn then
    self.time = core.now()
  end
  return self.time
end

function methods:date()
  local seconds, microseconds = uv.gettimeofday()
  return seconds + microseconds / 1e6
end

--- Four bytes of the system's generator.
local function draw(self)
  local at = self.entropy_at
  if at + 4 > #self.entropy then
    self.entropy, at = core.entropy(256), 0
  end
  local a, b, c, d = self.entropy:byte(at + 1, at + 4)
  self.entropy_at = at + 4
  return ((a * 256 + b) * 256 + c) * 256 + d
end

function methods:random(n)
  local fraction = draw(self) / 4294967296
  return n and math.floor(fraction * n) + 1 or fraction
end

function methods:hash_seed() -- luacheck: ignore 212
  return nil
end

---------------------------------------------------------------- the rest

function methods:hostname() -- luacheck: ignore 212
  return uv.os_gethostname()
end

--- The machine's name without a world.
---@return string
function real.hostname()
  return uv.os_gethostname()
end

function methods:log(level, text)
  if self.log_to then
    return self.log_to(level, text)
  end
  if LEVELS[level] <= self.log_level then
    io.stderr:write(("%s %-5s %s\n"):format(os.date("%H:%M:%S"), level, harmless(text)))
  end
end

function methods:signals(on_signal)
  for _, name in ipairs { "sigterm", "sigint", "sighup" } do
    local handle = uv.new_signal()
    handle:start(name, function()
      on_signal(name)
    end)
    handle:unref()
    self.handles[#self.handles + 1] = handle
  end
end

function methods:loop() -- luacheck: ignore 212
  uv.run()
end

function methods:stop() -- luacheck: ignore 212
  uv.stop()
end

local function close_handles(self)
  self:close_streams()
  for object in pairs(self.watched) do
    self:unwatch(object)
  end
  for _, handle in ipairs(self.handles) do
    handle:close()
  end
  self.handles = {}
  self.timer:stop()
  self.timer:close()
end

--- Closes all that is open; nothing is called back after it.
---
--- Handles are stopped at once and closed when the loop runs next: luv 1.44 crashes at exit when a
--- handle is half closed, and a program may end without running its loop again.
function methods:close()
  if self.is_closed then
    return
  end
  self.is_closed = true
  self:kill_all()
  if not self.timer and not next(self.watched) and #self.handles == 0 then
    return
  end
  for _, watch in pairs(self.watched) do
    watch.poll:stop()
  end
  for _, handle in ipairs(self.handles) do
    handle:stop()
  end
  self.timer = self.timer or uv.new_timer()
  self.timer:start(0, 0, function()
    close_handles(self)
  end)
end

return real
