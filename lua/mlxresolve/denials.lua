--- Which steps of a chain deny a name whatever its type (RFC 2308 section 5): those whose plugin
--- tells names apart and not types, behind none that could know more of another type.

local query = require("mlxresolve.query")

local is_under = query.is_under

local denials = {}

local EVERYTHING = { "." }

local function is_left_out(zone, step)
  for _, except in ipairs(step.except and step.except.list or {}) do
    if is_under(zone, except) then
      return true
    end
  end
  return false
end

--- Is there a name that both steps are asked for?
local function do_meet(one, other)
  for _, zone in ipairs(one.zones and one.zones.list or EVERYTHING) do
    for _, wanted in ipairs(other.zones and other.zones.list or EVERYTHING) do
      local inner = is_under(zone, wanted) and zone or is_under(wanted, zone) and wanted
      if inner and not is_left_out(inner, one) and not is_left_out(inner, other) then
        return true
      end
    end
  end
  return false
end

local function looks_at_types(step)
  local plugin = step.node.plugin
  return step.types or not (plugin and plugin.by_name)
end

--- May the step have passed where it answers for another type of the same name?
local function may_know_more(step)
  return looks_at_types(step) or step.passes_denials
end

local function any_meets(list, step)
  for _, other in ipairs(list) do
    if other ~= step and do_meet(other, step) then
      return true
    end
  end
  return false
end

--- The strategies of a step: itself, or the members of a race, which are asked in any order.
local function strategies_of(step, list)
  if step.members then
    for _, member in ipairs(step.members) do
      strategies_of(member, list)
    end
  else
    list[#list + 1] = step
  end
  return list
end

--- Sets `denies_by_name` of all steps.
---@param steps mlxresolve.Step[]  of a chain, in its order
function denials.settle(steps)
  local earlier = {}
  for _, step in ipairs(steps) do
    local strategies = strategies_of(step, {})
    for _, strategy in ipairs(strategies) do
      if may_know_more(strategy) then
        earlier[#earlier + 1] = strategy
      end
    end
    for _, strategy in ipairs(strategies) do
      strategy.denies_by_name = not looks_at_types(strategy) and not any_meets(earlier, strategy)
    end
  end
end

return denials
