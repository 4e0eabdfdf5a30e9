--- From a claim to an established name on one link: probing, announcing (RFC 6762 sections 8.1,
--- 8.3 and 8.4). All claims of a link share one timer and, where they can, packets.

local packets = require("mlxresolve.mdns.responder.packets")

local PROBES = 3
local PROBE_GAP = 250
local ANNOUNCEMENTS = 3
local FIRST_GAP = 1000
-- Claims that are due within so many ms go together.
local SLACK = 2
-- A service whose host's name is not established yet looks again.
local PATIENCE = 20
-- Section 8.4: at most ten updates a minute.
local MAX_UPDATES = 10
local UPDATE_WINDOW = 60e3
-- Another stack of this machine says our host name; nobody has, for so long after it was asked
-- for, and we have not looked for so long.
local SILENCE = 1000
local LOOK_AGAIN = 10e3

local steps = {}

local tick

local function schedule(view)
  local at = math.huge
  for _, standing in pairs(view.standings) do
    at = math.min(at, standing.due)
  end
  if view.timer then
    view.scheduler:stop(view.timer)
    view.timer = false
  end
  if at < math.huge then
    view.timer = view.scheduler:at(at, tick, view)
  end
end

local function set(standing, step, due)
  standing.step, standing.count, standing.due = step, 0, due
end

---------------------------------------------------------------- what is sent

local function proposal(claim, standing)
  local names, seen = {}, {}
  local records = {}
  for _, record in ipairs(standing.records) do
    if record.is_unique then
      records[#records + 1] = record
      if not seen[record.key] then
        seen[record.key] = true
        names[#names + 1] = record.name
      end
    end
  end
  if not names[1] then
    names[1] = claim.name
  end
  return { names = names, records = records }
end

local function send_probes(view, claims)
  local proposals = {}
  for i, claim in ipairs(claims) do
    proposals[i] = proposal(claim, view.standings[claim])
  end
  for _, out in ipairs(view:speaking()) do
    -- Unicast to a port that others share may reach them instead.
    local asks_unicast = not view.responder:is_shared(out.family)
    for _, packet in ipairs(packets.probes(view.link, proposals, asks_unicast)) do
      view:send(out.family, packet)
    end
  end
end

local function send_announcements(view, claims, now)
  for _, out in ipairs(view:speaking()) do
    local records, seen = {}, {}
    for _, claim in ipairs(claims) do
      for _, record in ipairs(view.standings[claim].records) do
        if not seen[record] and not out:was_sent(record, FIRST_GAP, now) then
          seen[record] = true
          records[#records + 1] = record
        end
      end
    end
    if #records > 0 then
      out:multicast(records)
    end
  end
end

---------------------------------------------------------------- the steps

local function host_is_ready(view, claim)
  local standing = claim.host and view.standings[claim.host]
  return not standing or standing.step == "covered" or view:is_claim_live(claim.host)
end

--- Says the records of a claim anew, since they have changed.
---@param view mlxresolve.mdns.View
---@param claim mlxresolve.mdns.Claim
function steps.announce(view, claim)
  local standing, now = view.standings[claim], view.scheduler:now()
  if not (standing and view:is_claim_live(claim)) then
    return
  end
  local updates = view.updates
  while updates[1] and now - updates[1] >= UPDATE_WINDOW do
    table.remove(updates, 1)
  end
  local due = now
  if #updates >= MAX_UPDATES then
    due = updates[1] + UPDATE_WINDOW
  elseif updates[#updates] ~= now then
    updates[#updates + 1] = now
  end
  set(standing, "announcing", due)
  schedule(view)
end

local function establish(view, claim, now)
  set(view.standings[claim], "announcing", now)
  view:rebuild()
  if claim.is_host then
    for _, other in ipairs(view.order) do
      if other.host == claim then
        steps.announce(view, other)
      end
    end
  end
end

local function probe(view, claim, standing, now, probing)
  if standing.count < PROBES then
    probing[#probing + 1] = claim
    standing.step, standing.count = "probing", standing.count + 1
    standing.due = now + PROBE_GAP
  elseif host_is_ready(view, claim) then
    establish(view, claim, now)
  else
    standing.due = now + PATIENCE
  end
end

local STEPS = {
  waiting = probe,
  probing = probe,
  announcing = function(_, claim, standing, now, _, announcing)
    announcing[#announcing + 1] = claim
    standing.count = standing.count + 1
    standing.due = now + FIRST_GAP * 2 ^ (standing.count - 1)
    if standing.count == ANNOUNCEMENTS then
      set(standing, "established", math.huge)
    end
  end,
  covered = function(_, _, standing, now)
    set(standing, "waiting", now)
  end,
}

-- Hosts before services: a service that was waiting for its host goes along.
local function due_claims(view, now)
  local hosts, others = {}, {}
  for _, claim in ipairs(view.order) do
    local standing = view.standings[claim]
    if standing.due <= now + SLACK then
      local into = claim.is_host and hosts or others
      into[#into + 1] = claim
    end
  end
  for _, claim in ipairs(others) do
    hosts[#hosts + 1] = claim
  end
  return hosts
end

function tick(view, now)
  view.timer = false
  local probing, announcing = {}, {}
  -- what has just been established is announced in the same turn
  for _ = 1, 2 do
    for _, claim in ipairs(due_claims(view, now)) do
      local standing = view.standings[claim]
      STEPS[standing.step](view, claim, standing, now, probing, announcing)
    end
  end
  if #probing > 0 then
    send_probes(view, probing)
  end
  if #announcing > 0 then
    send_announcements(view, announcing, now)
  end
  schedule(view)
end

--- Begins to probe for a claim at `due`, after a conflict or on a new link.
---@param view mlxresolve.mdns.View
---@param claim mlxresolve.mdns.Claim
---@param due number
function steps.begin(view, claim, due)
  if view.standings[claim] then
    set(view.standings[claim], "waiting", due)
    view:rebuild()
  else
    view:add(claim, due)
  end
  schedule(view)
end

--- Ends a claim.
---@return mlxresolve.mdns.Published[] gone
function steps.finish(view, claim)
  local gone = view:remove(claim)
  schedule(view)
  return gone
end

---------------------------------------------------------------- another stack of this machine

--- Leaves the host's name to another responder of this machine that says it already: saying it
--- twice, with sets of addresses that differ, each would take the other for a conflict.
function steps.cover(view, claim)
  local standing = view.standings[claim]
  if standing.step ~= "covered" then
    set(standing, "covered", math.huge)
    standing.looked_at = view.scheduler:now()
    view:rebuild()
    schedule(view)
  end
end

--- Somebody asks for a name that is left to another stack.
function steps.asked(view, claim)
  local standing, now = view.standings[claim], view.scheduler:now()
  if
    standing.step == "covered"
    and standing.due == math.huge
    and now - standing.looked_at >= LOOK_AGAIN
  then
    standing.due = now + SILENCE
    schedule(view)
  end
end

--- The other stack has spoken, or said goodbye.
---@param is_gone boolean
function steps.spoke(view, claim, is_gone)
  local standing, now = view.standings[claim], view.scheduler:now()
  if standing.step == "covered" then
    standing.due = is_gone and now + SILENCE / 4 or math.huge
    schedule(view)
  end
end

return steps
