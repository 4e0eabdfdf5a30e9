--- What one name's list of stored records says: the set of a type, or that there is none.
---
--- Two kinds of denial stand among the records: NSEC, as it came (RFC 6762 section 6.1), and
--- the type "!AAAA" for a family that stayed silent, which counts from a moment on (`from`).

local rrsets = {}

--- The record with this type, data and interface.
---@param list mlxresolve.mdns.Stored[]
---@return mlxresolve.mdns.Stored|nil
function rrsets.find(list, type, data, interface)
  for i = 1, #list do
    local record = list[i]
    if record.type == type and record.data == data and record.interface == interface then
      return record
    end
  end
end

-- Somebody met it dead: no answer until its host says it again.
local function is_dead(record)
  return record.is_suspect and record.reason == "failure"
end

-- The doomed are used only while nothing else is there: a host that moved is at its new
-- address now, though the old record may still be said again within the second.
local function select(list, type, interfaces)
  local lasting, doomed = {}, {}
  for i = 1, #list do
    local record = list[i]
    local is_meant = not interfaces or interfaces[record.interface]
    if record.type == type and is_meant and not is_dead(record) then
      local into = record.is_doomed and doomed or lasting
      into[#into + 1] = record
    end
  end
  return lasting[1] and lasting or doomed
end

--- Is there a record of the type that may be told?
---@param list mlxresolve.mdns.Stored[]
---@param type string
---@param interfaces table<integer, any>|nil
---@return boolean
function rrsets.has(list, type, interfaces)
  for i = 1, #list do
    local record = list[i]
    local is_meant = not interfaces or interfaces[record.interface]
    if record.type == type and is_meant and not is_dead(record) then
      return true
    end
  end
  return false
end

local function seconds_left(record, now)
  return math.max(1, math.ceil((record.expires - now) / 1000))
end

local function is_link_local(record)
  return record.type == "AAAA" and record.data:find("^fe[89ab]")
end

--- The data of an RRset, merged over the interfaces: the texts, the seconds left, and the
--- interface that the first was heard on. Link-local addresses mean nothing on another
--- interface, so those of others are left out.
---@param list mlxresolve.mdns.Stored[]
---@param type string
---@param now number
---@param interfaces table<integer, any>|nil  only what was heard on these
---@return string[]|nil data, integer? ttl, integer? interface
function rrsets.data(list, type, now, interfaces)
  local records = select(list, type, interfaces)
  local first = records[1]
  if not first then
    return nil
  elseif not records[2] then
    return { first.data }, seconds_left(first, now), first.interface
  end
  local data, seen, ttl = {}, {}, math.huge
  for i = 1, #records do
    local record = records[i]
    local is_foreign = record.interface ~= first.interface and is_link_local(record)
    if not seen[record.data] and not is_foreign then
      seen[record.data] = true
      data[#data + 1] = record.data
      ttl = math.min(ttl, seconds_left(record, now))
    end
  end
  return data, ttl, first.interface
end

-- NSEC data is "next.name. A AAAA"; the next name is of no concern (section 6.1).
local function lacks_type(nsec, type)
  return not (nsec.data .. " "):find(" " .. type .. " ", 1, true)
end

--- Is it known that the name lacks this type? The seconds for which this holds and the
--- interface that says so; or nil and, while a silence is being waited for, the moment from
--- which on it counts.
---@return integer|nil ttl, number|nil interface_or_moment
function rrsets.denial(list, type, now, interfaces)
  local moment
  for i = 1, #list do
    local record = list[i]
    local denies = record.type == "!" .. type
      or (record.type == "NSEC" and not record.is_doomed and lacks_type(record, type))
    if denies and (not interfaces or interfaces[record.interface]) then
      if now >= record.from then
        return seconds_left(record, now), record.interface
      end
      moment = record.from
    end
  end
  return nil, moment
end

return rrsets
