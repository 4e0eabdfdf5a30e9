--- Who may have a name: proposals of others while we probe, their responses while we probe or
--- own it (RFC 6762 sections 6.6, 8.1, 8.2 and 9).
---
--- The same data is no conflict, whoever says it. What another stack of this machine says of the
--- machine's own name is none either: then the name is left to it.

local core = require("mlxresolve.core")
local record = require("mlxresolve.mdns.responder.record")
local steps = require("mlxresolve.mdns.responder.steps")

-- Section 8.2: who loses a tie-break waits for so long, then probes again.
local DEFERENCE = 1000
-- Records of one packet that are looked at.
local MAX_RECORDS = 512

local conflicts = {}

---------------------------------------------------------------- tie-breaks

local CLASSES = { IN = 1, CH = 3, HS = 4 }

local function class_number(class)
  return CLASSES[class] or tonumber(class:match("^CLASS(%d+)$")) or 0
end

local function order(a, b)
  if a.class ~= b.class then
    return a.class < b.class
  elseif a.number ~= b.number then
    return a.number < b.number
  end
  return a.raw < b.raw
end

local function sorted(records, key)
  local list = {}
  for _, one in ipairs(records) do
    if one.key == key and one.is_unique ~= false then
      list[#list + 1] = {
        class = class_number(one.class or "IN"),
        number = core.wire.type_number(one.type),
        raw = one.raw,
      }
    end
  end
  table.sort(list, order)
  return list
end

--- Compares two proposals for a name, as section 8.2.1 says: -1, 0 or 1 for earlier, equal, later.
---@param ours { key: string, type: string, raw: string }[]
---@param theirs { key: string, class: string?, type: string, raw: string }[]
---@param key string
---@return integer
function conflicts.compare(ours, theirs, key)
  local a, b = sorted(ours, key), sorted(theirs, key)
  for i = 1, math.max(#a, #b) do
    if not a[i] then
      return -1
    elseif not b[i] then
      return 1
    elseif order(a[i], b[i]) then
      return -1
    elseif order(b[i], a[i]) then
      return 1
    end
  end
  return 0
end

---------------------------------------------------------------- proposals of others

local function proposals(view, message)
  local by_key, keys = {}, {}
  for i = 1, math.min(#message.authorities, MAX_RECORDS) do
    local one = message.authorities[i]
    local raw = view.owned[one.name] and record.raw(one.type, one.data)
    if raw then
      if not by_key[one.name] then
        by_key[one.name] = {}
        keys[#keys + 1] = one.name
      end
      table.insert(
        by_key[one.name],
        { key = one.name, class = one.class, type = one.type, raw = raw }
      )
    end
  end
  return by_key, keys
end

local function give_up(view, key)
  view.yielded[key] = true
  view:rebuild()
end

local function weigh(view, key, theirs, is_own_host)
  local claim = view.owned[key]
  local standing = view.standings[claim]
  local verdict = conflicts.compare(standing.records, theirs, key)
  if verdict == 0 or standing.step == "covered" then
    return
  elseif key ~= claim.key then
    give_up(view, key)
  elseif is_own_host and claim.is_host then
    steps.cover(view, claim)
  elseif standing.step == "probing" and verdict < 0 then
    steps.begin(view, claim, view.scheduler:now() + DEFERENCE)
  end
end

--- Somebody probes. Names that we own are defended by the answer to his question.
---@param view mlxresolve.mdns.View
---@param message mlxresolve.Message
---@param is_own_host boolean  it comes from an address of this machine
function conflicts.hear_probe(view, message, is_own_host)
  local by_key, keys = proposals(view, message)
  for _, key in ipairs(keys) do
    -- an earlier key may have changed what is owned
    if view.owned[key] then
      weigh(view, key, by_key[key], is_own_host)
    end
  end
end

---------------------------------------------------------------- responses of others

--- Section 6.6: somebody forgets our record soon, or now.
local function rescue(view, ours, ttl, out)
  if not view:is_live(ours) then
    return
  elseif ttl * 2 < ours.ttl then
    local now = view.scheduler:now()
    local due = now + 20 + view.responder:random() * 100
    out:answer(ours, {}, { due = due, earliest = now + 20, is_defence = false })
  else
    out:said(ours)
  end
end

local function has_type(standing, key, type)
  for _, one in ipairs(standing.records) do
    if one.key == key and one.type == type then
      return true
    end
  end
  return false
end

local function contradict(view, claim, heard, is_own_host)
  local standing = view.standings[claim]
  local is_ours = view.responder:is_own_address(heard.data)
  if claim.is_host and heard.name == claim.key and (is_own_host or is_ours) then
    if standing.step == "probing" and is_own_host then
      steps.cover(view, claim)
    end
  elseif heard.name ~= claim.key then
    give_up(view, heard.name)
  elseif standing.step == "probing" then
    if not is_own_host or has_type(standing, heard.name, heard.type) then
      view.responder:lose(claim)
    end
  elseif view:is_claim_live(claim) and has_type(standing, heard.name, heard.type) then
    view.responder:doubt(view, claim)
  end
end

-- Most of what is said of a type of services is about those of others. That is seen in the name
-- alone, while to compare the data as bytes it has to be encoded.
local function is_of_others(entry, heard)
  if heard.type ~= "PTR" then
    return false
  end
  local target = heard.data:lower()
  for _, one in ipairs(entry.records) do
    if one.type == "PTR" and record.target(one) == target then
      return false
    end
  end
  return true
end

local function hear(view, heard, is_own_host, out)
  local claim, entry = view.owned[heard.name], view.names[heard.name]
  if heard.class ~= "IN" or heard.type == "NSEC" or not (claim or entry) then
    return
  elseif not claim and is_of_others(entry, heard) then
    return
  end
  local id = record.id_of(heard)
  local ours = id and view.by_id[id]
  local standing = claim and view.standings[claim]
  if standing and standing.step == "covered" then
    if is_own_host then
      steps.spoke(view, claim, heard.ttl == 0)
    elseif heard.ttl > 0 and not ours and not view.responder:is_own_address(heard.data) then
      -- another machine has the name: whoever we left it to will lose it, or defend it
      steps.spoke(view, claim, true)
    end
    return
  end
  if ours then
    local is_told = claim and claim.is_host and heard.name == claim.key and is_own_host
    if is_told and standing.step == "probing" and heard.ttl > 0 then
      return steps.cover(view, claim)
    end
    return rescue(view, ours, heard.ttl, out)
  end
  if claim and id and heard.ttl > 0 then
    contradict(view, claim, heard, is_own_host)
  end
end

--- Somebody has answered.
---@param view mlxresolve.mdns.View
---@param message mlxresolve.Message
---@param is_own_host boolean
---@param out mlxresolve.mdns.Outbox  of the family that it came over
function conflicts.hear_response(view, message, is_own_host, out)
  for _, section in ipairs { message.answers, message.additionals } do
    for i = 1, math.min(#section, MAX_RECORDS) do
      hear(view, section[i], is_own_host, out)
    end
  end
end

return conflicts
