--- One name being asked for on the link: when to ask again, and whom to tell.
---
--- Both address families of a name are one lookup and one packet. The first question leaves
--- at once, since somebody waits, over IPv4 and then over IPv6: most hosts say all they have over
--- either, and an answer that comes at once spares the link the second one. A one-shot question
--- from another port follows after 250 ms in case a packet was lost, to the host that had the name
--- last as well (both are answered by unicast, so that the rule of a second between equal multicast
--- questions, RFC 6762 section 5.2, is kept), then multicast ones after 1, 3, 7 … s for as long as
--- somebody waits. A lookup that nobody waits for has no timer.

local answers = require("mlxresolve.mdns.answers")

-- Longer than a host on a cable takes, and too short for anybody to notice.
local TRAIL = 2
local ONE_SHOT_AFTER = 250
local FIRST_GAP = 1000
local MAX_GAP = 3600e3
-- A family that is silent for this long after the other has answered is not there …
local SILENCE = { A = 250, AAAA = 50 }
-- … for so many seconds. Until then one-shot questions make sure: many hosts give A over IPv4 only,
-- in a packet of its own that may be lost.
local SILENCE_TTL = 10
local CONFIRM_AFTER, CONFIRM_GAP = 25, 100

local LEADING, TRAILING = { part = "leading" }, { part = "trailing" }

local SIBLING = { A = "AAAA", AAAA = "A" }

---@class mlxresolve.mdns.Lookup
---@field name string
---@field types string[]     what one packet asks
---@field scope mlxresolve.mdns.Scope
---@field questions integer  packets of the present round
---@field total integer      packets of all rounds
---@field asked_at number    ms, when the last multicast question was due
---@field posted_at number   ms, of the last packet
---@field unicast_at number  ms, when unicast replies were asked for last
local Lookup = { __name = "mlxresolve.mdns.Lookup" }
Lookup.__index = Lookup

local lookup = {}

---@param engine mlxresolve.mdns.Engine
---@param name string
---@param types string[]
---@param scope mlxresolve.mdns.Scope
---@return mlxresolve.mdns.Lookup
function lookup.new(engine, name, types, scope)
  return setmetatable({
    engine = engine,
    scheduler = engine.scheduler,
    name = name,
    types = types,
    scope = scope,
    waiters = {},
    questions = 0,
    total = 0,
    asked_at = -math.huge,
    posted_at = -math.huge,
    unicast_at = -math.huge,
    gap = FIRST_GAP,
    next_at = false,
    trail_at = false,
    one_shot_at = false,
    confirm_at = false,
    verdict_at = false,
    timer = false,
  }, Lookup)
end

---------------------------------------------------------------- the schedule

local tick

local function earliest(self)
  if self.trail_at then
    return self.trail_at
  elseif self.verdict_at then
    return self.confirm_at or self.verdict_at
  end
  return self.one_shot_at and math.min(self.one_shot_at, self.next_at) or self.next_at
end

local function stop_timer(self)
  if self.timer then
    self.scheduler:stop(self.timer)
    self.timer = false
  end
end

local function schedule(self)
  stop_timer(self)
  if #self.waiters > 0 then
    self.timer = self.scheduler:at(earliest(self), tick, self)
  end
end

--- What follows is scheduled when the question has left: see `posted`.
local function begin(self, now)
  self.questions = 0
  self.asked_at, self.posted_at, self.gap = now, now, FIRST_GAP
  self.one_shot_at, self.next_at = now + ONE_SHOT_AFTER, now + FIRST_GAP
  self.trail_at = now + TRAIL
  self.engine.outgoing:post(self, "first", LEADING)
end

local function trail(self, now)
  if self.trail_at and now >= self.trail_at then
    self.trail_at = false
    self.engine.outgoing:post(self, "first", TRAILING)
  end
end

local function ask_again(self, now)
  if self.one_shot_at and now >= self.one_shot_at then
    self.one_shot_at, self.posted_at = false, now
    self.engine.outgoing:post(self, "one_shot")
    self.engine.hosts:ask(self)
  end
  if now >= self.next_at then
    self.gap = math.min(self.gap * 2, MAX_GAP)
    self.asked_at, self.posted_at, self.next_at = now, now, now + self.gap
    self.engine.outgoing:post(self, "again", { since = now - self.gap / 4 })
  end
end

local function await_verdict(self, now)
  if self.confirm_at and now >= self.confirm_at then
    local again = now + CONFIRM_GAP
    self.confirm_at, self.posted_at = again + CONFIRM_AFTER < self.verdict_at and again, now
    self.engine.outgoing:post(self, "one_shot")
  elseif now >= self.verdict_at then
    self.verdict_at = false
    self:tell()
  end
end

function tick(self)
  local now = self.scheduler:now()
  self.timer = false
  trail(self, now)
  if self.verdict_at then
    await_verdict(self, now)
  end
  if #self.waiters > 0 then
    if not self.verdict_at then
      ask_again(self, now)
    end
    schedule(self)
  end
end

--- Begins to take a type's silence for its absence.
local function suspect(self, type, interface, confirm_at, now)
  local engine = self.engine
  local moment = answers.verdict(engine, self.name, type, self.scope)
  if not moment then
    moment = now + SILENCE[type]
    engine.store:deny(self.name, type, interface, moment, SILENCE_TTL, now)
    self.confirm_at = confirm_at
  end
  self.verdict_at = moment
end

--- Where the other family of a type was heard, if it was.
local function sibling_interface(self, type, now)
  local sibling = SIBLING[type]
  if sibling then
    local _, _, interface = self.engine.store:get(self.name, sibling, now)
    return interface
  end
end

--- Asks, unless this was asked within the last second: then a one-shot question has to do
--- first, and the next multicast one comes a second after the last, whatever the gap had
--- grown to. When that second brought the other family, this one is suspected to be absent.
local function join(self, type, now)
  if now - self.asked_at >= FIRST_GAP then
    return begin(self, now)
  end
  self.gap = FIRST_GAP
  self.next_at = self.asked_at + FIRST_GAP
  self.one_shot_at = math.max(now, self.posted_at + ONE_SHOT_AFTER)
  local interface = sibling_interface(self, type, now)
  if interface then
    suspect(self, type, interface, now, now)
  end
  schedule(self)
end

---------------------------------------------------------------- those who wait

local function remove(self, position)
  table.remove(self.waiters, position)
  self.engine:leave(self)
  if #self.waiters == 0 then
    stop_timer(self)
    self.trail_at, self.confirm_at, self.verdict_at = false, false, false
  end
end

local function forget(self, waiter)
  for i = 1, #self.waiters do
    if self.waiters[i] == waiter then
      return remove(self, i)
    end
  end
end

--- Waits in the running task until something about the type is known; see `Engine:recall`.
---@param type string
---@return true|nil, string? message, string? code
function Lookup:wait(type)
  local scheduler = self.scheduler
  local waiter = { task = scheduler.running, type = type }
  self.waiters[#self.waiters + 1] = waiter
  self.engine:enter(self)
  join(self, type, scheduler.turn_time)
  return scheduler:wait(forget, self, waiter)
end

--- Wakes those whose question can be answered now.
function Lookup:tell()
  for i = #self.waiters, 1, -1 do
    local waiter = self.waiters[i]
    if waiter and answers.is_known(self.engine, self.name, waiter.type, self.scope) then
      remove(self, i)
      waiter.task:wake(true)
    end
  end
end

--- Wakes everybody with a failure.
---@param message string
---@param code string
function Lookup:fail(message, code)
  for i = #self.waiters, 1, -1 do
    local waiter = self.waiters[i]
    remove(self, i)
    waiter.task:wake(nil, message, code)
  end
end

---------------------------------------------------------------- what the engine reports

--- The packet posted before has left, or could not.
---@param sent integer  datagrams
---@param part "leading"|"trailing"|false
function Lookup:posted(mode, sent, message, code, part)
  if sent > 0 then
    if part ~= "trailing" or self.questions == 0 then
      self.questions, self.total = self.questions + 1, self.total + 1
    end
    if mode ~= "again" then
      self.unicast_at = self.scheduler:now()
    end
  elseif self.trail_at then
    self.trail_at = self.scheduler:now()
  elseif self.questions == 0 then
    self.asked_at = -math.huge
    self:fail(message or "nothing to send on", code or "ENETDOWN")
  end
  if part == "leading" or sent == 0 then
    schedule(self)
  end
end

--- Records of this name were heard. `types` are those of the packet.
---@param types table<string, boolean>
---@param interface integer
function Lookup:heard(types, interface)
  self:tell()
  if not self.waiters[1] then
    return
  end
  local now = self.scheduler:now()
  for _, waiter in ipairs(self.waiters) do
    if self.questions > 0 and types[SIBLING[waiter.type]] then
      suspect(self, waiter.type, interface, now + CONFIRM_AFTER, now)
    end
  end
  schedule(self)
end

--- Lets the next question leave at once, when nobody waits for the last one.
function Lookup:renew()
  if #self.waiters == 0 then
    self.asked_at = -math.huge
  end
end

--- A link came up while somebody waits: nobody there has heard the question.
---@param link mlxresolve.mdns.Link
function Lookup:ask_on(link)
  if #self.waiters > 0 and not self.verdict_at then
    self.engine.outgoing:post(self, "first", { link = link })
  end
end

return lookup
