--- What became of the records that somebody watches: compares what is stored with what he was told.

local stored = require("mlxresolve.mdns.stored")

-- What was forgotten because the network changed is asked for anew; a host that stays silent for
-- this long has not come along, ms.
local COME_ALONG = 3000

local changes = {}

---@class mlxresolve.mdns.Tracked
---@field record mlxresolve.mdns.Stored
---@field is_suspect boolean       and was told as such
---@field vanished_at number|false ms, since when it is forgotten here
---@field plan mlxresolve.mdns.Plan

---@class mlxresolve.mdns.Event
---@field kind "added"|"moved"|"suspect"|"gone"
---@field name string
---@field type string
---@field data string
---@field was string?        the data before, of "moved"
---@field interface integer  index
---@field ttl integer?       s
---@field reason string?     "confirmed", "announced", mlxresolve.mdns.EndReason, "forgotten"

local function event(kind, record, reason, was)
  return {
    kind = kind,
    type = record.type,
    data = record.data,
    interface = record.interface,
    ttl = kind ~= "gone" and math.floor(record.life / 1000) or nil,
    reason = reason,
    was = was,
  }
end

local function key_of(record)
  return ("%d %s %s"):format(record.interface, record.type, record.data)
end

local function compare(tracked, record, events)
  tracked.record, tracked.vanished_at = record, false
  local is_suspect = record.is_doomed or record.is_suspect
  if is_suspect ~= tracked.is_suspect then
    tracked.is_suspect = is_suspect
    events[#events + 1] = is_suspect and event("suspect", record, record.reason)
      or event("added", record, "confirmed")
  end
end

--- Looks for what a new record takes the place of.
local function find_replaced(all, new)
  for key, tracked in pairs(all) do
    local old = tracked.record
    if
      old.is_doomed
      and old.reason == "replaced"
      and old.type == new.type
      and old.interface == new.interface
    then
      return key, old
    end
  end
end

local function add(all, new, events)
  for _, record in ipairs(new) do
    local key, old = find_replaced(all, record)
    if key then
      all[key] = nil
      events[#events + 1] = event("moved", record, "announced", old.data)
    else
      events[#events + 1] = event("added", record)
    end
    all[key_of(record)] = { record = record, is_suspect = false, vanished_at = false, plan = {} }
  end
end

local function end_of(tracked, now, is_spoken)
  local reason = stored.end_reason(tracked.record, now)
  if reason ~= "link" or not is_spoken then
    return reason
  elseif tracked.vanished_at and now >= tracked.vanished_at + COME_ALONG then
    return "forgotten"
  end
end

local function vanish(tracked, now, events)
  tracked.vanished_at = tracked.vanished_at or now
  if not tracked.is_suspect then
    tracked.is_suspect = true
    events[#events + 1] = event("suspect", tracked.record, "forgotten")
  end
end

local function remove(all, present, now, spoken, events)
  for key, tracked in pairs(all) do
    if not present[key] then
      local reason = end_of(tracked, now, spoken[tracked.record.interface])
      if reason then
        all[key] = nil
        events[#events + 1] = event("gone", tracked.record, reason)
      else
        vanish(tracked, now, events)
      end
    end
  end
end

--- Brings `all` up to date and returns what has to be told.
---@param all table<string, mlxresolve.mdns.Tracked>
---@param records mlxresolve.mdns.Stored[]  the living ones
---@param now number
---@param spoken table<integer, any>  indexes of the links that are asked
---@return mlxresolve.mdns.Event[]
function changes.find(all, records, now, spoken)
  local events, new, present = {}, {}, {}
  for _, record in ipairs(records) do
    local key = key_of(record)
    local tracked = all[key]
    if tracked then
      present[key] = true
    elseif not record.is_doomed then
      new[#new + 1] = record
      present[key] = true
    end
  end
  add(all, new, events)
  for _, record in ipairs(records) do
    local tracked = all[key_of(record)]
    if tracked then
      compare(tracked, record, events)
    end
  end
  remove(all, present, now, spoken, events)
  return events
end

--- When a tracked record ends unless something is heard, ms.
---@param tracked mlxresolve.mdns.Tracked
---@return number
function changes.ends_at(tracked)
  return tracked.vanished_at and tracked.vanished_at + COME_ALONG or tracked.record.expires
end

return changes
