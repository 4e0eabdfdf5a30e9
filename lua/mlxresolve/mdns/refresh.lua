--- When a record that somebody watches is asked for again (RFC 6762 section 5.2): its host alone at
--- 75 % of its life, everybody at 80, 85, 90 and 95 %, each up to 2 % later by chance.

local FRACTIONS = { 0.75, 0.80, 0.85, 0.90, 0.95 }
local SPREAD = 0.02
-- The first is for the host that said it.
local ALONE = 1

local refresh = {}

---@class mlxresolve.mdns.Plan
---@field added number|nil  of the record that this is a plan for
---@field step integer
---@field at number         ms

local function advance(plan, record, step, random)
  plan.added, plan.step = record.added, step
  local fraction = FRACTIONS[step]
  plan.at = fraction and record.added + record.life * (fraction + SPREAD * random()) or math.huge
end

--- Makes or renews the plan of a record.
---@param tracked mlxresolve.mdns.Tracked
---@param random fun(): number
function refresh.plan(tracked, random)
  local plan, record = tracked.plan, tracked.record
  if plan.added ~= record.added then
    advance(plan, record, ALONE, random)
  end
end

--- Does the question of another member of the set do for this one as well?
local function is_included(plan, record, now)
  local fraction = FRACTIONS[plan.step]
  return fraction and now >= record.added + record.life * fraction
end

---@class mlxresolve.mdns.Due
---@field types table<string, boolean>   to ask everybody for
---@field hosts table<string, { link: integer, types: table<string, boolean> }>  to ask alone

--- What is to be asked now. One question serves all records of a type.
---@param all table<string, mlxresolve.mdns.Tracked>
---@param now number
---@param random fun(): number
---@return mlxresolve.mdns.Due|nil
function refresh.due(all, now, random)
  local due = { types = {}, hosts = {} }
  local is_due = false
  for _, tracked in pairs(all) do
    is_due = is_due or (now >= tracked.plan.at and not tracked.record.is_doomed)
  end
  if not is_due then
    return nil
  end
  for _, tracked in pairs(all) do
    local plan, record = tracked.plan, tracked.record
    if not record.is_doomed and is_included(plan, record, now) then
      if plan.step ~= ALONE then
        due.types[record.type] = true
      elseif record.source then
        local host = due.hosts[record.source] or { link = record.interface, types = {} }
        due.hosts[record.source] = host
        host.types[record.type] = true
      end
      advance(plan, record, plan.step + 1, random)
    end
  end
  return due
end

return refresh
