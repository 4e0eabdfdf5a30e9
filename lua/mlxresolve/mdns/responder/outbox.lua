--- What leaves on one link over one family, and when: multicast answers wait for each other and
--- for their random delays, none goes out twice a second, and what somebody else has said in the
--- meantime is not said again (RFC 6762 sections 6, 6.4 and 7.4).

local packets = require("mlxresolve.mdns.responder.packets")

-- One record, on one link: a second; a quarter to defend a name that somebody probes for.
local GAP = 1000
local DEFENCE_GAP = 250
-- Sums and differences of times are not exact; an announcement a second after the last is due.
local ROUNDING = 0.001
-- Replies to single queriers that may wait at a time, and that leave in a second.
local MAX_REPLIES = 64
local MAX_RATE = 500

---@class mlxresolve.mdns.Outbox
---@field path string  for `Published.sent`
local Outbox = { __name = "mlxresolve.mdns.Outbox" }
Outbox.__index = Outbox

local outbox = {}

---@param view mlxresolve.mdns.View
---@param family "ipv4"|"ipv6"
---@return mlxresolve.mdns.Outbox
function outbox.new(view, family)
  return setmetatable({
    view = view,
    family = family,
    path = view.link.index .. family,
    scheduler = view.scheduler,
    pending = {}, -- record -> { due, earliest, gap, extras }
    replies = {},
    second = 0, -- the one that `replied` counts in
    replied = 0,
    timer = false,
  }, Outbox)
end

---------------------------------------------------------------- the clock

local flush

local function schedule(self)
  local at = math.huge
  for _, entry in pairs(self.pending) do
    at = math.min(at, entry.due)
  end
  for _, reply in ipairs(self.replies) do
    at = math.min(at, reply.due)
  end
  if self.timer then
    self.scheduler:stop(self.timer)
    self.timer = false
  end
  if at < math.huge then
    self.timer = self.scheduler:at(at, flush, self)
  end
end

---------------------------------------------------------------- multicast

--- Was it multicast here within `ms`?
---@param record mlxresolve.mdns.Published
---@param ms number
---@param now number
---@return boolean
function Outbox:was_sent(record, ms, now)
  local at = record.sent[self.path]
  return at ~= nil and now - at < ms - ROUNDING
end

--- Multicasts at once, whatever was said before.
---@param answers mlxresolve.mdns.Published[]
---@param additionals mlxresolve.mdns.Published[]?
---@param ttl integer?  0 for a goodbye
function Outbox:multicast(answers, additionals, ttl)
  local now = self.scheduler:now()
  for _, packet in ipairs(packets.responses(self.view.link, answers, additionals, ttl)) do
    self.view:send(self.family, packet)
  end
  for _, list in ipairs { answers, additionals or {} } do
    for _, record in ipairs(list) do
      record.sent[self.path] = ttl ~= 0 and now or nil
    end
  end
end

--- What of the pending answers leaves now. Those whose delay has begun to run long enough ago
--- go along with those whose delay is over.
local function take_ready(self, now)
  local ready, extras = {}, {}
  for record, entry in pairs(self.pending) do
    if not self.view:is_live(record) then
      self.pending[record] = nil
    elseif entry.earliest <= now then
      if self:was_sent(record, entry.gap, now) then
        entry.earliest = record.sent[self.path] + entry.gap
        entry.due = math.max(entry.due, entry.earliest)
      else
        self.pending[record] = nil
        ready[#ready + 1] = record
        for _, extra in ipairs(entry.extras) do
          extras[#extras + 1] = extra
        end
      end
    end
  end
  table.sort(ready, function(a, b)
    return a.id < b.id
  end)
  return ready, extras
end

local function without(self, extras, answers, now)
  local seen, kept = {}, {}
  for _, record in ipairs(answers) do
    seen[record] = true
  end
  for _, record in ipairs(extras) do
    if not seen[record] and self.view:is_live(record) and not self:was_sent(record, GAP, now) then
      seen[record] = true
      kept[#kept + 1] = record
    end
  end
  return kept
end

---@class mlxresolve.mdns.Delay
---@field due number        ms, when it leaves at the latest
---@field earliest number   ms, when it may leave with others
---@field is_defence boolean

--- Queues an answer for everybody.
---@param record mlxresolve.mdns.Published
---@param extras mlxresolve.mdns.Published[]
---@param delay mlxresolve.mdns.Delay
function Outbox:answer(record, extras, delay)
  local entry = self.pending[record]
  local gap = delay.is_defence and DEFENCE_GAP or GAP
  if entry then
    entry.due = math.min(entry.due, delay.due)
    entry.earliest = math.min(entry.earliest, delay.earliest)
    entry.gap = math.min(entry.gap, gap)
  else
    entry = { due = delay.due, earliest = delay.earliest, gap = gap, extras = extras }
    self.pending[record] = entry
  end
  local at = record.sent[self.path]
  if at and at + entry.gap > entry.due then
    entry.due = at + entry.gap
  end
  schedule(self)
end

--- Somebody else has said it to everybody.
---@param record mlxresolve.mdns.Published
function Outbox:said(record)
  if self.pending[record] then
    self.pending[record] = nil
    schedule(self)
  end
end

---------------------------------------------------------------- to one querier

---@class mlxresolve.mdns.Reply
---@field to string         address with port
---@field query mlxresolve.Message|false  a legacy querier's
---@field data string|false
---@field answers mlxresolve.mdns.Published[]
---@field extras mlxresolve.mdns.Published[]
---@field due number

--- Queues a reply for one querier; too many of them are a flood, and dropped.
---@param reply mlxresolve.mdns.Reply
---@return boolean
function Outbox:reply(reply)
  local second = math.floor(self.scheduler:now() / 1000)
  if second ~= self.second then
    self.second, self.replied = second, 0
  end
  if #self.replies >= MAX_REPLIES or self.replied >= MAX_RATE then
    return false
  end
  self.replied = self.replied + 1
  self.replies[#self.replies + 1] = reply
  schedule(self)
  return true
end

local function live(self, list)
  local kept, seen = {}, {}
  for _, record in ipairs(list) do
    if self.view:is_live(record) and not seen[record] then
      seen[record] = true
      kept[#kept + 1] = record
    end
  end
  return kept, seen
end

local function send_reply(self, reply)
  local answers, seen = live(self, reply.answers)
  local extras = {}
  for _, record in ipairs((live(self, reply.extras))) do
    extras[#extras + 1] = not seen[record] and record or nil
  end
  if #answers == 0 then
    return
  elseif reply.query then
    return self.view:send(
      self.family,
      packets.legacy(reply.query, reply.data, answers, extras),
      reply.to
    )
  end
  for _, packet in ipairs(packets.responses(self.view.link, answers, extras)) do
    self.view:send(self.family, packet, reply.to)
  end
end

function flush(self, now)
  self.timer = false
  local left = {}
  for _, reply in ipairs(self.replies) do
    if reply.due <= now then
      send_reply(self, reply)
    else
      left[#left + 1] = reply
    end
  end
  self.replies = left
  local is_due = false
  for _, entry in pairs(self.pending) do
    is_due = is_due or entry.due <= now
  end
  if is_due then
    local answers, extras = take_ready(self, now)
    if #answers > 0 then
      self:multicast(answers, without(self, extras, answers, now))
    end
  end
  schedule(self)
end

function Outbox:close()
  self.pending, self.replies = {}, {}
  schedule(self)
end

return outbox
