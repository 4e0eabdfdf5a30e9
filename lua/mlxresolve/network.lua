--- Network changes: events of the kernel gathered until they settle, and told once, as one change.
---
--- What cannot wait, such as addresses that have become wrong, is told at once, to `at_once`. An
--- interface that comes and goes is told of when it rests, or once in a while.

local without_scope = require("mlxresolve.address").without_scope
local changes = require("mlxresolve.network.change")
local flapping = require("mlxresolve.network.flapping")
local selectors = require("mlxresolve.network.selectors")
local view = require("mlxresolve.network.view")

-- Quiet for so long, events have settled; so long at most they are waited for, ms. The first, and
-- the pause of an interface that flaps, are mDNSResponder's.
local SETTLE, LATEST = 500, 2000
local FLAPPING, FLAPPING_LATEST = 5000, 30e3

local network = { summarize = changes.summarize }
local methods = {}
local mt = { __name = "mlxresolve.network", __index = methods }

---@class mlxresolve.NetworkHandlers
---@field at_once fun(events: table[], restless: table<integer, boolean>|nil)  the indexes of
---  interfaces whose link comes and goes
---@field settled fun(change: mlxresolve.Change)

---@class mlxresolve.NetworkOptions
---@field settle number?    ms
---@field flapping number?  ms
---@field ignore string[]?  selectors of interfaces that nobody is told of

local function take_view(self)
  local world, meant = self.world, {}
  for _, interface in ipairs(world:interfaces() or {}) do
    if not selectors.mean(self.ignore, interface) then
      meant[#meant + 1] = interface
    end
  end
  return view.take(meant, world:neighbours() or {}, self.before)
end

--- Those whose link comes and goes, until they are told of.
local function restless(self)
  local indexes
  for index in pairs(self.restless) do
    indexes = indexes or {}
    indexes[index] = true
  end
  return indexes
end

--- Watches the world's network.
---@param runtime table
---@param handlers mlxresolve.NetworkHandlers
---@param options mlxresolve.NetworkOptions?
function network.watch(runtime, handlers, options)
  local self = setmetatable({
    world = runtime.world,
    scheduler = runtime.scheduler,
    handlers = handlers,
    calm = false, -- { events, first, last }: of what does not flap
    restless = {}, -- index → the same, of an interface that flaps
    told_at = {}, -- index → ms
    before = false,
    timer = false,
    counts = { events = 0, ignored = 0, changes = 0, damped = 0 },
  }, mt)
  self.flaps = flapping.new()
  self:configure(options)
  self.before = take_view(self)
  self.watcher = self.world:watch_network(function(events)
    self:gather(events)
  end)
  return self
end

---------------------------------------------------------------- telling

local tell

local function due_at(self, batch, index)
  local last, first = batch.last + self.settle, batch.first
  if not index then
    return math.min(last, first + math.max(LATEST, self.settle))
  end
  local not_before = (self.told_at[index] or -math.huge) + self.pause
  return math.max(not_before, math.min(last, first + FLAPPING_LATEST))
end

local function schedule(self)
  if self.timer then
    self.scheduler:stop(self.timer)
    self.timer = false
  end
  local at = self.calm and due_at(self, self.calm) or math.huge
  for index, batch in pairs(self.restless) do
    at = math.min(at, due_at(self, batch, index))
  end
  if at < math.huge then
    self.timer = self.scheduler:after(math.max(0, at - self.world:now()), tell, self)
  end
end

local function append(to, from)
  for _, event in ipairs(from) do
    to[#to + 1] = event
  end
end

--- The events that are to be told now, and the names of the interfaces that flap.
local function collect(self, now)
  local events, names = {}, {}
  if self.calm and now >= due_at(self, self.calm) then
    append(events, self.calm.events)
    self.calm = false
    for index, at in pairs(self.told_at) do
      self.told_at[index] = now - at < self.pause and at or nil
    end
    for _, event in ipairs(events) do
      self.told_at[event.index or 0] = now
    end
  end
  for index, batch in pairs(self.restless) do
    if now >= due_at(self, batch, index) then
      append(events, batch.events)
      self.restless[index] = nil
      self.told_at[index] = now
      names[#names + 1] = batch.events[1].interface or ("#" .. index)
      self.counts.damped = self.counts.damped + batch.count
    end
  end
  return events, names
end

function tell(self)
  self.timer = false
  local events, names = collect(self, self.world:now())
  if #events > 0 then
    self.handlers.at_once(events, restless(self))
    local after = take_view(self)
    local change = changes.summarize(events, self.before, after)
    self.before = after
    if change then
      change.flapping = names
      self.counts.changes = self.counts.changes + 1
      self.handlers.settled(change)
    end
  end
  schedule(self)
end

---------------------------------------------------------------- gathering

local function is_loss(event)
  return event.type == "link_removed" or (event.type == "link_changed" and event.up == false)
end

-- Of the neighbours, only gateways matter, and only when they are somebody else now.
local function is_news(self, event)
  if event.type ~= "neighbour_changed" then
    return true
  end
  local plain = event.address and without_scope(event.address)
  local known = plain and self.before.macs[event.index .. " " .. plain]
  if known or not event.mac or event.mac == "" then
    return known and event.mac and event.mac ~= "" and known ~= event.mac or false
  end
  for _, family in pairs(self.before.gateways) do
    if family[plain] == event.index then
      self.before.macs[event.index .. " " .. plain] = event.mac
    end
  end
  return false
end

local function is_ignored(self, event)
  if #self.ignore == 0 or not event.interface or event.type:find("^route_") then
    return false
  end
  for _, interface in ipairs(self.world:interfaces() or {}) do
    if interface.index == event.index then
      return selectors.mean(self.ignore, interface)
    end
  end
  local gone = { name = event.interface, addresses = {} }
  if event.address then
    gone.addresses[1] = { address = event.address }
  end
  return selectors.mean(self.ignore, gone)
end

-- Of what is said again and again, the first and the last events tell all.
local MOST_KEPT = 64

local function key_of(event)
  return ("%s %s %s"):format(event.type, tostring(event.index), tostring(event.up))
end

-- In a storm the last of the kind makes room; what was not said before has nobody to make room for
-- it, and neither sleep nor a clock that jumps can be read off what the network looks like.
local function make_room(events, key)
  for i = #events, 1, -1 do
    if events[i].index and key_of(events[i]) == key then
      table.remove(events, i)
      return
    end
  end
end

local function put(batch, event, now)
  batch = batch or { events = {}, kinds = {}, count = 0, first = now }
  batch.count = batch.count + 1
  batch.last = now
  local key = key_of(event)
  if event.index and batch.kinds[key] and #batch.events >= MOST_KEPT then
    make_room(batch.events, key)
  end
  batch.kinds[key] = true
  batch.events[#batch.events + 1] = event
  return batch
end

-- What was waited for of an interface waits on with what flaps.
local function move_over(self, index, now)
  local kept = {}
  for _, event in ipairs(self.calm and self.calm.events or {}) do
    if event.index == index then
      self.restless[index] = put(self.restless[index], event, now)
    else
      kept[#kept + 1] = event
    end
  end
  if self.calm then
    self.calm.events = kept
    self.calm = #kept > 0 and self.calm
  end
end

function methods:gather(events)
  local now = self.world:now()
  local news = {}
  for _, event in ipairs(events) do
    self.counts.events = self.counts.events + 1
    if is_news(self, event) then
      news[#news + 1] = event
      local index = event.index
      if is_loss(event) then
        self.flaps:lost(index, now)
      end
      if is_ignored(self, event) then
        self.counts.ignored = self.counts.ignored + 1
      elseif index and self.flaps:is(index, now) then
        move_over(self, index, now)
        self.restless[index] = put(self.restless[index], event, now)
      else
        self.calm = put(self.calm, event, now)
      end
    end
  end
  if #news > 0 then
    self.handlers.at_once(news, restless(self))
    schedule(self)
  end
end

--- Goes by other times and selectors from now on.
---@param options mlxresolve.NetworkOptions?
function methods:configure(options)
  options = options or {}
  self.settle = options.settle or SETTLE
  self.pause = options.flapping or FLAPPING
  self.ignore = options.ignore or {}
  self.flaps.window = self.pause
end

function methods:close()
  if self.timer then
    self.scheduler:stop(self.timer)
  end
  if self.watcher then
    self.watcher:close()
  end
end

return network
