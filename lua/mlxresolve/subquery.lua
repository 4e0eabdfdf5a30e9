--- Questions of strategies to the whole chain: cached, joined with flights under way, and kept from
--- waiting for themselves.

local answers = require("mlxresolve.answer")

local MAX_DEPTH = 8 -- sub-queries of sub-queries

local subquery = {}

--- Does `from` wait, directly or not, for `wanted`?
local function awaits(from, wanted)
  if from == wanted then
    return true
  end
  for other in pairs(from.awaits or {}) do
    if awaits(other, wanted) then
      return true
    end
  end
  return false
end

local sub_mt = {
  __index = {
    landed = function(self, one)
      self.task:wake(one)
    end,
  },
}

local function stop_awaiting(sub)
  sub.runtime.flights:leave(sub.flight, sub)
  if sub.parent then
    sub.parent.awaits[sub.flight] = nil
  end
end

local function result_of(one)
  local answer = one.answer
  if answer and answer.strategy then
    local copy = answers.new(answer.packet, answer.status, answer.ttl, one.name)
    copy.interface, copy.is_stale = answer.interface, answer.is_stale
    return copy
  end
  local message = one.message or ("nobody knows " .. one.name)
  return nil, message, one.code or "ENOTFOUND"
end

--- A question of a strategy, through cache and chain, on behalf of `parent`.
---@return mlxresolve.Answer|nil, string? message, string? code
function subquery.ask(runtime, name, number, parent)
  local flights = runtime.flights
  local purpose = parent and parent.query.purpose
  local known = runtime:cached(name, number, purpose)
  if known then
    return known
  end
  local found = flights:find(name, number, purpose)
  if parent and found and awaits(found, parent) then
    return nil, ("%s would wait for itself"):format(name), "ELOOP"
  end
  if parent and parent.depth + 1 > MAX_DEPTH then
    return nil, ("more than %d sub-queries within each other"):format(MAX_DEPTH), "ELOOP"
  end
  local sub = setmetatable({
    runtime = runtime,
    task = runtime.scheduler.running,
    parent = parent or false,
  }, sub_mt)
  sub.flight = flights:join(name, number, sub, { parent = parent, purpose = purpose })
  if parent then
    parent.awaits = parent.awaits or {}
    parent.awaits[sub.flight] = true
  end
  local one = runtime.scheduler:wait(stop_awaiting, sub)
  if parent then
    parent.awaits[sub.flight] = nil
  end
  return result_of(one)
end

return subquery
