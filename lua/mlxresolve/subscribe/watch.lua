--- One name that somebody watches: see mlxresolve.subscribe.
---
--- The name is resolved when its answer runs out, and at once when there is a reason to think that
--- it has changed; what differs from the last answer is told. The two families are followed apart,
--- so that one that is silent does not hold up the other.

local type_of = require("mlxresolve.address").type
local addresses = require("mlxresolve.subscribe.addresses")

local FAMILIES = { "A", "AAAA" }
-- How soon a name is resolved again, ms: an answer without a time to live, the shortest, the
-- longest, and after failures, which doubles.
local NO_TTL, SOONEST, LATEST = 10e3, 1000, 3600e3
local AFTER_FAILURE, LONGEST_AFTER_FAILURE = 1000, 60e3

---@class mlxresolve.WatchEvent
---@field kind "added"|"moved"|"suspect"|"gone"
---@field name string
---@field family "ipv4"|"ipv6"
---@field address string
---@field was string?       the address before, of "moved"
---@field interface string|false|nil
---@field strategy string|false|nil
---@field reason string     "resolved", an mDNS reason such as "announced" or "goodbye", or a code

---@class mlxresolve.Watch
---@field name string
local Watch = { __name = "mlxresolve.Watch" }
Watch.__index = Watch

local watch = {}

local function tell(self, kind, item, reason, was)
  if self.is_closed then
    return
  end
  self.callback {
    kind = kind,
    name = self.name,
    family = item.family,
    address = item.address,
    was = was and was.address,
    interface = item.interface,
    strategy = item.strategy,
    reason = reason,
  }
end

---------------------------------------------------------------- resolving

local resolve

local function again(self, track, ms)
  if track.timer then
    self.resolver.scheduler:stop(track.timer)
  end
  track.timer = self.resolver.scheduler:after(ms, function()
    track.timer = false
    resolve(self, track, "resolved")
  end)
end

local function lasts(result)
  local ttl = math.huge
  for _, address in ipairs(result.addresses) do
    ttl = math.min(ttl, address.ttl)
  end
  if ttl == math.huge or ttl == 0 then
    return NO_TTL
  end
  return math.min(math.max(ttl * 1000, SOONEST), LATEST)
end

-- Silence is an answer where nobody else can be asked; a server that fails says nothing.
local function fail(self, track, code, reason)
  if code == "ENOTFOUND" then
    track.known:take(nil, reason == "resolved" and code or reason)
  else
    track.known:doubt_all(code)
  end
  track.failures = track.failures + 1
  local delay = AFTER_FAILURE * 2 ^ math.min(track.failures - 1, 10)
  again(self, track, math.min(delay, LONGEST_AFTER_FAILURE))
end

--- What the link is sure of is told at once; what takes its place is the policy's matter.
local function on_link(self, track, event)
  local item = track.known:find(event.data)
  if event.kind == "suspect" then
    track.known:doubt(item, "link", event.reason)
    return
  elseif event.kind == "gone" then
    track.known:drop(item, event.reason)
  end
  if event.kind == "gone" or not item then
    -- that it was silent a moment ago means nothing now
    self.resolver.failures:flush { name = self.name }
    resolve(self, track, event.reason or "announced")
  elseif event.reason == "confirmed" then
    track.known:confirm(item, "link", event.reason)
  end
end

local function follow_link(self)
  local engine = self.resolver.mdns_engine
  local is_local = ("." .. self.name):find(".local.", -7, true) ~= nil
  if self.link_watch or not engine or not is_local then
    return
  end
  self.link_watch = engine:watch(self.name, FAMILIES, function(event)
    on_link(self, self.tracks[event.type], event)
  end)
end

local function resolved(self, track, reason, result, code)
  track.request = false
  if self.is_closed or self.resolver.is_closed then
    return
  end
  follow_link(self)
  if result then
    track.failures = 0
    local is_denied = result.status ~= "answer" and reason == "resolved"
    track.known:take(result, is_denied and result.status or reason)
    again(self, track, lasts(result))
  else
    fail(self, track, code, reason)
  end
  if track.next_reason then
    resolve(self, track, track.next_reason)
  end
end

function resolve(self, track, reason)
  if self.is_closed or self.resolver.is_closed then
    return
  elseif track.request then
    track.next_reason = reason
    return
  end
  track.next_reason = false
  track.request = self.resolver:resolve(self.name, { types = { track.type } }, function(...)
    local result, _, code = ...
    resolved(self, track, reason, result, code)
  end)
end

---------------------------------------------------------------- what others have heard

--- Somebody's question for this name was answered, and not as we know it.
---@param type string
---@param data string[]
function Watch:answered(type, data)
  local track = self.tracks[type]
  if not track or track.request or track.known:equals(data) then
    return
  end
  -- what is found for one watch is news for another: they must not keep each other asking
  local now = self.resolver.scheduler:now()
  local wait = track.prompted_at + SOONEST - now
  if wait > 0 then
    again(self, track, wait)
  else
    track.prompted_at = now
    resolve(self, track, "resolved")
  end
end

--- All is looked at anew.
---@param reason string
function Watch:renew(reason)
  for _, type in ipairs(FAMILIES) do
    resolve(self, self.tracks[type], reason)
  end
end

--- An address was found suspect, dead or alive, or (false) is no longer known to be either.
---@param address string
---@param state "suspect"|"dead"|"verified"|false
---@param reason string
function Watch:health_changed(address, state, reason)
  local track = self.tracks[type_of(address)]
  local item = track.known:find(address)
  if state == "suspect" then
    track.known:doubt(item, "answers", reason)
  elseif state == "dead" then
    track.known:drop(item, reason)
    resolve(self, track, reason)
  elseif item then
    track.known:confirm(item, "answers", reason)
  else
    resolve(self, track, reason)
  end
end

---------------------------------------------------------------- beginning and end

---@param resolver mlxresolve.Resolver
---@param name string  canonical
---@param callback fun(event: mlxresolve.WatchEvent)
---@param on_close fun(watch: mlxresolve.Watch)
---@return mlxresolve.Watch
function watch.new(resolver, name, callback, on_close)
  local self = setmetatable({
    resolver = resolver,
    name = name,
    callback = callback,
    on_close = on_close,
    tracks = {},
    link_watch = false,
    is_closed = false,
  }, Watch)
  for _, type in ipairs(FAMILIES) do
    local known = addresses.new(resolver, name, function(kind, item, reason, was)
      tell(self, kind, item, reason, was)
    end)
    local track = { type = type, known = known, failures = 0, request = false, timer = false }
    track.prompted_at = -math.huge
    self.tracks[type] = track
    resolve(self, track, "resolved")
  end
  return self
end

--- What is known now, suspect ones included.
---@return integer addresses, integer suspect
function Watch:count()
  local count, suspect = 0, 0
  for _, track in pairs(self.tracks) do
    local here, doubtful = track.known:count()
    count, suspect = count + here, suspect + doubtful
  end
  return count, suspect
end

--- Ends it; nothing is called back after this.
function Watch:close()
  if self.is_closed then
    return
  end
  self.is_closed = true
  for _, track in pairs(self.tracks) do
    if track.request then
      track.request:cancel()
    end
    if track.timer then
      self.resolver.scheduler:stop(track.timer)
    end
  end
  if self.link_watch then
    self.link_watch:close()
  end
  self.on_close(self)
end

return watch
