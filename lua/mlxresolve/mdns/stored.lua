--- One record as it is kept: how long it lives, what ends it early, and why it ended.

-- Apple's responders give host records 75 minutes; nobody gets more.
local MAX_TTL = 4500

local stored = {
  --- What goodbyes and cache-flush bits leave (RFC 6762 sections 10.1 and 10.2), ms.
  GRACE = 1000,
  --- What is left to a record that is doubted and not said again (sections 10.4 and 10.5), ms.
  DOUBT = 10e3,
}

---@alias mlxresolve.mdns.EndReason
---| "goodbye"   its host said that it is no more
---| "replaced"  its host said something else in its place
---| "failure"   somebody met it dead, and nobody said it again
---| "unanswered"  others asked for it and got no answer
---| "recheck"   it was asked for again, and nobody said it
---| "expired"   nobody said it again in time
---| "link"      the link on which it was heard has gone

---@class mlxresolve.mdns.Stored
---@field type string
---@field data string
---@field interface integer
---@field added number       ms, when it was said last
---@field life number        ms, from then on
---@field expires number     ms
---@field from number        ms; says nothing before
---@field is_unique boolean  one host alone says such records
---@field is_doomed boolean  a goodbye or a cache-flush bit ends it within a second
---@field is_suspect boolean doubted: ends soon unless it is said again
---@field reason mlxresolve.mdns.EndReason|false  of its end, when that is not its age
---@field source string|false  address of the host that said it last

---@param record mlxresolve.Record
---@param interface integer
---@param now number
---@param source string?
---@return mlxresolve.mdns.Stored
function stored.new(record, interface, now, source)
  local life = math.min(record.ttl, MAX_TTL) * 1000
  return {
    type = record.type,
    data = record.data,
    interface = interface,
    added = now,
    life = life,
    expires = now + life,
    from = now,
    is_unique = record.cache_flush,
    is_doomed = false,
    is_suspect = false,
    reason = false,
    source = source or false,
    doubts = 0,
    doubted_at = now,
  }
end

--- A type that stays silent: counts from `from` on, for `ttl` seconds.
---@return mlxresolve.mdns.Stored
function stored.silence(type, interface, from, ttl, now)
  local record = { type = "!" .. type, data = "", ttl = ttl, cache_flush = false }
  local denial = stored.new(record, interface, now)
  denial.from, denial.expires = from, from + ttl * 1000
  return denial
end

--- It was said again.
---@param record mlxresolve.mdns.Stored
---@param said mlxresolve.Record
---@param now number
---@param source string?
function stored.renew(record, said, now, source)
  record.life = math.min(said.ttl, MAX_TTL) * 1000
  record.added, record.expires = now, now + record.life
  record.is_unique = said.cache_flush
  record.is_doomed, record.is_suspect, record.reason = false, false, false
  record.source = source or record.source
  record.doubts = 0
end

---@param record mlxresolve.mdns.Stored
---@param reason mlxresolve.mdns.EndReason
---@param now number
function stored.doom(record, reason, now)
  record.is_doomed, record.reason = true, reason
  record.expires = math.min(record.expires, now + stored.GRACE)
end

--- Doubts a record: unless it is said again, it ends.
---@param record mlxresolve.mdns.Stored
---@param reason mlxresolve.mdns.EndReason
---@param now number
function stored.doubt(record, reason, now)
  if stored.is_reportable(record) then
    record.is_suspect, record.reason = true, reason
    record.expires = math.min(record.expires, now + stored.DOUBT)
  end
end

--- Is there a doubt to add? That it is being asked for again is a weak one.
---@param record mlxresolve.mdns.Stored
---@return boolean
function stored.is_reportable(record)
  return not record.is_doomed and (not record.is_suspect or record.reason == "recheck")
end

--- May it be told as known (section 7.1)? Not what has less than half its life left, nor what is
--- doubted: whoever says it should say it again.
---@param record mlxresolve.mdns.Stored
---@param now number
---@return boolean
function stored.is_known_answer(record, now)
  return not record.is_doomed
    and not record.is_suspect
    and record.type:byte() ~= 33 -- "!"
    and record.expires - now >= record.life / 2
end

--- Why a record is no longer there.
---@param record mlxresolve.mdns.Stored
---@param now number
---@return mlxresolve.mdns.EndReason
function stored.end_reason(record, now)
  return record.reason or (record.expires > now and "link" or "expired")
end

return stored
