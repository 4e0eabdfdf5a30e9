--- The machine as a world: luv's loop, the core's I/O objects, files, the clock.
---
--- Every I/O object is a descriptor and a step. The descriptor is watched with `uv.new_poll`; one
--- timer serves the host and all objects' deadlines. Objects are opened when first used.

local core = require("mlxresolve.core")
local files = require("mlxresolve.world.real.files")
local lookups = require("mlxresolve.world.real.lookups")
local network = require("mlxresolve.world.real.network")
local processes = require("mlxresolve.world.real.processes")
local serving = require("mlxresolve.world.real.serving")
local streams = require("mlxresolve.world.real.streams")

local co, is_main = coroutine.running()
if co and not is_main then
  -- luv keeps the coroutine that loads it as its callback state, and crashes when it is gone
  error("mlxresolve: load the library on the main thread first, not inside a coroutine", 0)
end
local uv = require("luv")

local LEVELS = { error = 1, warn = 2, info = 3, debug = 4 }
local PAUSE = 1000 -- ms

local real = {}
local methods = {}
local mt = { __name = "mlxresolve.world.real", __index = methods }

for _, part in ipairs { files, lookups, network, processes, serving, streams } do
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

---------------------------------------------------------------- turns

local function next_wake(self)
  local at = self.wanted
  for _, deadline in pairs(self.deadlines) do
    if not at or deadline < at then
      at = deadline
    end
  end
  return at
end

--- Arms the one timer. One that would ring early is left alone: ringing for nothing is cheaper
--- than setting it anew for every question.
local function arm(self)
  local at = next_wake(self)
  if not at then
    if self.armed then
      self.timer:stop()
      self.armed = false
    end
    return
  end
  if self.armed and self.armed <= at and self.armed >= self.time then
    return
  end
  self.armed = at
  self.timer = self.timer or uv.new_timer()
  self.timer:start(math.max(0, math.ceil(at - self.time)), 0, self.on_timer)
end

function methods:wake_at(at)
  self.wanted = at or false
  if not self.in_turn then
    self.time = core.now()
    arm(self)
  end
end

--- A step that failed would fail again at once: the descriptor rests for a moment.
local function pause(self, object, watch, problem)
  self:log("warn", "the system fails, trying again in a second: " .. tostring(problem))
  watch.poll:stop()
  watch.is_paused, self.deadlines[object] = true, self.time + PAUSE
end

--- Steps an object until it has nothing more or was closed; a few times, as others want their turn.
local function drain(self, object)
  local watch = self.watched[object]
  for _ = 1, 8 do
    local items, deadline = watch.step(self, object)
    if self.watched[object] ~= watch then
      return
    elseif not items then
      return pause(self, object, watch, deadline)
    elseif watch.is_paused then
      watch.is_paused = false
      watch.poll:start("r", watch.on_ready)
    end
    self.deadlines[object] = deadline or nil
    if items < 64 then
      return
    end
  end
end

--- Runs everything that is due; `object` is one whose descriptor is readable.
function methods:turn(object)
  if self.is_closed then
    return
  end
  self.time = core.now()
  self.in_turn = true
  if object then
    drain(self, object)
  end
  for other, deadline in pairs(self.deadlines) do
    if deadline <= self.time then
      drain(self, other)
    end
  end
  self.host:run(self.time)
  if self.is_closed then
    return
  end
  self:flush()
  self.in_turn = false
  arm(self)
end

--- Watches an object's descriptor. `step(world, object)` handles one batch and returns the number
--- of items and the next deadline; or nil and why it failed.
function methods:watch(object, step, is_reference)
  local poll = uv.new_poll(object:fd())
  local function on_ready(problem)
    if problem then
      self:log("error", "poll: " .. tostring(problem))
    end
    self:turn(object)
  end
  self.watched[object] = { poll = poll, step = step, on_ready = on_ready, is_paused = false }
  poll:start("r", on_ready)
  if not is_reference then
    poll:unref()
  end
  return object
end

--- Stops watching an object and closes it.
function methods:unwatch(object)
  local watch = self.watched[object]
  if not watch then
    return
  end
  self.watched[object], self.deadlines[object] = nil, nil
  watch.poll:stop()
  watch.poll:close()
  object:close()
end

--- Ends an operation without waking its waiter.
function methods:cancel(kind, operation)
  self["cancel_" .. kind](self, operation)
end

---------------------------------------------------------------- the rest

function methods:env(name) -- luacheck: ignore 212
  return os.getenv(name)
end

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
    io.stderr:write(("%s %-5s %s\n"):format(os.date("%H:%M:%S"), level, text))
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
