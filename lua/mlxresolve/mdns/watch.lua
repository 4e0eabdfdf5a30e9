--- Lasting interest in a name: asks for it, keeps what is known fresh, tells what changes.
---
--- Questions go out after 1, 3, 7 … s up to once an hour (RFC 6762 section 5.2) for as long as no
--- host says that its answer is complete; what is known is asked for again before it ends
--- (refresh.lua). All who watch the same share one of these; without them there is none.

local changes = require("mlxresolve.mdns.changes")
local refresh = require("mlxresolve.mdns.refresh")
local scopes = require("mlxresolve.mdns.scopes")

local FIRST_GAP = 1000
local MAX_GAP = 3600e3
-- Late one-shot replies need the socket for as long as they are welcome.
local LINGER = 2000

---@class mlxresolve.mdns.Watch
---@field name string
---@field types string[]
---@field scope mlxresolve.mdns.Scope
---@field unicast_at number  ms, when unicast replies were asked for last
local Watch = { __name = "mlxresolve.mdns.Watch" }
Watch.__index = Watch

local watch = {}

---@param engine mlxresolve.mdns.Engine
---@param name string
---@param types string[]
---@param scope mlxresolve.mdns.Scope
---@return mlxresolve.mdns.Watch
function watch.new(engine, name, types, scope)
  local self = setmetatable({
    engine = engine,
    scheduler = engine.scheduler,
    name = name,
    types = types,
    scope = scope,
    subscribers = {},
    tracked = {},
    asked_at = -math.huge,
    unicast_at = -math.huge,
    gap = FIRST_GAP,
    next_at = math.huge,
    is_first = true,
    timer = false,
    is_lingering = false,
    is_closed = false,
  }, Watch)
  self.random = function()
    return engine.watches:spread()
  end
  return self
end

---------------------------------------------------------------- telling

local function deliver(subscriber, event)
  if not subscriber.is_closed then
    subscriber.callback(event)
  end
end

-- In tasks of their own: a callback may do anything, this watch's end included.
local function tell(self, subscriber, event)
  self.scheduler:spawn(deliver, subscriber, event)
end

--- Adds a subscriber, who is told first what is known already.
---@param subscriber { callback: fun(event: mlxresolve.mdns.Event), is_closed: boolean }
function Watch:subscribe(subscriber)
  for _, tracked in pairs(self.tracked) do
    local record = tracked.record
    tell(self, subscriber, {
      kind = tracked.is_suspect and "suspect" or "added",
      name = self.name,
      type = record.type,
      data = record.data,
      interface = record.interface,
      ttl = math.floor(record.life / 1000),
      reason = record.reason or nil,
    })
  end
  self.subscribers[#self.subscribers + 1] = subscriber
end

---@param subscriber table
---@return integer left
function Watch:unsubscribe(subscriber)
  for i = #self.subscribers, 1, -1 do
    if self.subscribers[i] == subscriber then
      table.remove(self.subscribers, i)
    end
  end
  return #self.subscribers
end

---------------------------------------------------------------- asking

local tick

--- The types of which no host has said all that there is.
local function open_types(self, now)
  local complete = {}
  for _, tracked in pairs(self.tracked) do
    local record = tracked.record
    -- Who said goodbye need not be asked whether he meant it.
    if record.is_unique and (not tracked.is_suspect or record.is_doomed) then
      complete[record.type] = true
    end
  end
  local filter = scopes.filter(self.scope, self.engine.sockets.links)
  local types = {}
  for _, type in ipairs(self.types) do
    if not complete[type] and not self.engine.store:denies(self.name, type, now, filter) then
      types[#types + 1] = type
    end
  end
  return types
end

local function ask(self, now)
  local types = open_types(self, now)
  local mode = self.is_first and "first" or "again"
  self.next_at = math.huge
  if #types > 0 then
    self.asked_at, self.next_at = now, now + self.gap
    local since = not self.is_first and now - self.gap / 4 or nil
    self.engine.outgoing:post(self, mode, { types = types, since = since })
    self.is_first = false
    self.gap = math.min(self.gap * 2, MAX_GAP)
  end
end

local function list_of(set)
  local list = {}
  for type in pairs(set) do
    list[#list + 1] = type
  end
  table.sort(list)
  return list
end

local function ask_due(self, due, now)
  if next(due.types) then
    local since = now - FIRST_GAP / 2
    self.asked_at = now
    self.engine.outgoing:post(self, "again", { types = list_of(due.types), since = since })
  end
  for host, about in pairs(due.hosts) do
    for _, link in ipairs(self.engine.sockets.links) do
      if link.index == about.link then
        local options = { types = list_of(about.types), link = link, to = host }
        self.engine.outgoing:post(self, "first", options)
      end
    end
  end
end

local function stop_lingering(self)
  self.is_lingering = false
  self.engine:leave(self)
end

--- The questions posted before have left, or could not.
---@param sent integer
function Watch:posted(mode, sent)
  if sent > 0 and mode ~= "again" then
    self.unicast_at = self.scheduler:now()
    if not self.is_lingering then
      self.is_lingering = true
      self.engine:enter(self)
      self.scheduler:after(LINGER, stop_lingering, self)
    end
  end
end

---------------------------------------------------------------- the schedule

local function schedule(self)
  local at = self.next_at
  for _, tracked in pairs(self.tracked) do
    at = math.min(at, tracked.plan.at, changes.ends_at(tracked))
  end
  if self.timer then
    self.scheduler:stop(self.timer)
    self.timer = false
  end
  if at < math.huge and not self.is_closed then
    self.timer = self.scheduler:at(at, tick, self)
  end
end

local function records_of(self, now)
  local filter = scopes.filter(self.scope, self.engine.sockets.links)
  local found = {}
  for _, record in ipairs(self.engine.store:records(self.name, now)) do
    local is_meant = record.type == self.types[1] or record.type == self.types[2]
    if is_meant and (not filter or filter[record.interface]) then
      found[#found + 1] = record
    end
  end
  return found
end

local function compare(self, now)
  local spoken = {}
  for _, link in ipairs(self.engine.sockets.links) do
    spoken[link.index] = true
  end
  local is_lost = false
  for _, event in ipairs(changes.find(self.tracked, records_of(self, now), now, spoken)) do
    event.name = self.name
    local is_unsaid = event.kind == "gone" and event.reason ~= "goodbye"
    is_lost = is_lost or is_unsaid or event.reason == "forgotten"
    for _, subscriber in ipairs(self.subscribers) do
      tell(self, subscriber, event)
    end
  end
  for _, tracked in pairs(self.tracked) do
    refresh.plan(tracked, self.random)
  end
  return is_lost
end

--- Something was heard of the name, or forgotten.
function Watch:look()
  local now = self.scheduler:now()
  local is_lost = compare(self, now)
  local is_idle = self.next_at == math.huge and #open_types(self, now) > 0
  if is_idle or (is_lost and self.next_at > now + FIRST_GAP) then
    self:begin(self.engine.watches:common_delay())
  end
  schedule(self)
end

function tick(self)
  self.timer = false
  local now = self.scheduler:now()
  self:look()
  local due = refresh.due(self.tracked, now, self.random)
  if due then
    ask_due(self, due, now)
  end
  if now >= self.next_at then
    ask(self, now)
  end
  schedule(self)
end

--- Begins to ask, with unicast replies welcome, and with intervals from a second on.
---@param delay number  ms
function Watch:begin(delay)
  local now = self.scheduler:now()
  self.is_first, self.gap = true, FIRST_GAP
  self.next_at = math.max(now + delay, self.asked_at + FIRST_GAP)
  schedule(self)
end

function Watch:close()
  self.is_closed = true
  schedule(self)
end

return watch
