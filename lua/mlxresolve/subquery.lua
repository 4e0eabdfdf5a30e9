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

local function result_of(one)
  local answer = one.answer
  if answer and answer.strategy then
    local copy = answers.new(answer.packet, answer.status, answer.ttl, one.name)
    copy.interface, copy.is_stale = answer.interface, answer.is_stale
    copy.is_suspect = answer.is_suspect
    return copy
  end
  local message = one.message or ("nobody knows " .. one.name)
  return nil, message, one.code or "ENOTFOUND"
end

--- What a strategy makes of an answer that ran out is not to be kept as fresh.
local function note_stale(parent, answer)
  if parent and answer and answer.is_stale then
    parent.used_stale = true
  end
end

local sub_mt = {
  __index = {
    -- a landed flight is reused, so what it came to is taken at once
    landed = function(self, one)
      if self.parent then
        self.parent.awaits[one] = nil
      end
      note_stale(self.parent, one.answer)
      self.task:wake(result_of(one))
    end,
  },
}

local function stop_awaiting(sub)
  sub.runtime.flights:leave(sub.flight, sub)
  if sub.parent then
    sub.parent.awaits[sub.flight] = nil
  end
end

--- A question of a strategy, through cache and chain, on behalf of `parent`.
---@return mlxresolve.Answer|nil, string? message, string? code
function subquery.ask(runtime, name, number, parent)
  local flights = runtime.flights
  local purpose = parent and parent.query.purpose
  local known, failure = runtime:known(name, number, purpose)
  if known then
    note_stale(parent, known)
    return known
  elseif failure then
    return nil, failure.message, failure.code
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
  return runtime.scheduler:wait(stop_awaiting, sub)
end

return subquery
