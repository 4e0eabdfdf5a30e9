--- `resolver:watch`: what becomes of a name, as the policy answers it.
---
--- The name is resolved when its answer runs out, and at once when mDNS hears of a change; what
--- differs from the last answer is told. The two families are followed apart, so that one that is
--- silent does not hold up the other.

local core = require("mlxresolve.core")
local persistence = require("mlxresolve.persistence")

local FAMILIES = { "A", "AAAA" }
-- How soon a name is resolved again, ms: an answer without a time to live, the shortest, the
-- longest, and after failures, which doubles.
local NO_TTL, SOONEST, LATEST = 10e3, 1000, 3600e3
local AFTER_FAILURE, LONGEST_AFTER_FAILURE = 1000, 60e3

---@class mlxresolve.Resolver
local subscribe = {}

local Watch = { __name = "mlxresolve.Watch" }
Watch.__index = Watch

---@class mlxresolve.WatchEvent
---@field kind "added"|"moved"|"suspect"|"gone"
---@field name string
---@field family "ipv4"|"ipv6"
---@field address string
---@field was string?       the address before, of "moved"
---@field interface string|false|nil
---@field strategy string|false|nil
---@field reason string     "resolved", an mDNS reason such as "announced" or "goodbye", or a code

---------------------------------------------------------------- telling

local function tell(self, kind, entry, reason, was)
  if self.is_closed then
    return
  end
  self.callback {
    kind = kind,
    name = self.name,
    family = entry.family,
    address = entry.address,
    was = was and was.address,
    interface = entry.interface,
    strategy = entry.strategy,
    reason = reason,
  }
end

local function split(known, addresses)
  local added, present = {}, {}
  for _, entry in ipairs(addresses) do
    present[entry.address] = entry
    if not known[entry.address] then
      added[#added + 1] = entry
    end
  end
  local removed = {}
  for address, entry in pairs(known) do
    if not present[address] then
      removed[#removed + 1] = entry
    end
  end
  return added, removed, present
end

local function compare(self, track, addresses, reason)
  local added, removed, present = split(track.known, addresses)
  track.known = present
  for i = 1, math.max(#added, #removed) do
    local new, old = added[i], removed[i]
    if new and old then
      tell(self, "moved", new, reason, old)
    elseif new then
      tell(self, "added", new, reason)
    else
      tell(self, "gone", old, reason)
    end
  end
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
    compare(self, track, {}, reason == "resolved" and code or reason)
  else
    for _, entry in pairs(track.known) do
      tell(self, "suspect", entry, code)
    end
  end
  track.failures = track.failures + 1
  local delay = AFTER_FAILURE * 2 ^ math.min(track.failures - 1, 10)
  again(self, track, math.min(delay, LONGEST_AFTER_FAILURE))
end

-- Addresses of results bear their scope, data of records do not.
local function find(track, data)
  for address, entry in pairs(track.known) do
    if address:gsub("%%.*$", "") == data then
      return entry
    end
  end
end

--- What the link is sure of is told at once; what takes its place is the policy's matter.
local function on_link(self, track, event)
  local entry = find(track, event.data)
  if event.kind == "suspect" then
    if entry then
      tell(self, "suspect", entry, event.reason)
    end
    return
  elseif event.kind == "gone" and entry then
    track.known[entry.address] = nil
    tell(self, "gone", entry, event.reason)
  end
  if event.kind == "gone" or not entry then
    -- that it was silent a moment ago means nothing now
    self.resolver.failures:flush { name = self.name }
    resolve(self, track, event.reason or "announced")
  elseif event.reason == "confirmed" then
    tell(self, "added", entry, event.reason)
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
    compare(self, track, result.addresses, is_denied and result.status or reason)
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

---------------------------------------------------------------- the two of them

--- Tells what becomes of a name's addresses, until the handle is closed: `added`, `moved`,
--- `suspect` and `gone`, each with the reason. Nothing is called back before this function has
--- returned.
---@param name string
---@param callback fun(event: mlxresolve.WatchEvent)
---@return { close: fun(self) }|nil handle, string? message, string? code
function subscribe:watch(name, callback)
  local canonical, message, code = core.name.canonical(name)
  if not canonical then
    return nil, message, code
  end
  local self_watch = setmetatable({
    resolver = self,
    name = canonical,
    callback = callback,
    tracks = {},
    link_watch = false,
    is_closed = false,
  }, Watch)
  for _, type in ipairs(FAMILIES) do
    local track = { type = type, known = {}, failures = 0, request = false, timer = false }
    self_watch.tracks[type] = track
    resolve(self_watch, track, "resolved")
  end
  return self_watch
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
end

--- Somebody could not reach a name at an address: it is forgotten, and what was heard of it on the
--- link is doubted until its host says it again (RFC 6762 section 10.4).
---@param name string
---@param address string?  all of the name's when absent
---@return integer|nil doubted  records heard on the link, string? message, string? code
function subscribe:report_failure(name, address)
  local canonical, message, code = core.name.canonical(name)
  if not canonical then
    return nil, message, code
  end
  if address and not core.address.parse(address) then
    return nil, ("'%s' is no address"):format(address), "ETEXT"
  end
  persistence.forget(self, { name = canonical })
  self.failures:flush { name = canonical }
  return self.mdns_engine and self.mdns_engine:report_failure(canonical, address) or 0
end

return subscribe
