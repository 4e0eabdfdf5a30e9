--- Answers that ran out, for when nobody has a fresh one in time (RFC 8767). Their TTL is 30 s.

local answers = require("mlxresolve.answer")

-- How soon it is looked again whether a pinned host has proved who it is, ms.
local PROOF = 200

local stale = {}

--- What the cache has, run out or not, if the policy serves what ran out.
---@param runtime table
---@param name string
---@param number integer
---@param purpose_hash integer
---@return mlxresolve.Answer|nil
function stale.get(runtime, name, number, purpose_hash)
  if not runtime.serves_stale then
    return nil
  end
  local packet, _, _, strategy, interface, is_stale, _, _, _, is_withheld =
    runtime.cache:get(name, number, runtime.world:now(), purpose_hash, true)
  if not packet or (is_withheld and not runtime:is_offline()) then
    return nil
  end
  local answer = answers.read(packet)
  answer.is_stale = is_stale
  answer.interface = interface ~= 0 and interface or false
  answer.strategy = runtime:strategy_name(strategy)
  return answer
end

--- Sub-queries go on waiting: what a strategy makes of a stale answer would be kept as fresh.
local function tell_waiters(flight)
  local waiters = flight.waiters
  local kept = {}
  for i = 1, #waiters do
    if waiters[i].takes_stale then
      waiters[i]:landed(flight)
    else
      kept[#kept + 1] = waiters[i]
    end
  end
  for i = 1, #waiters do
    waiters[i] = kept[i]
  end
end

--- Gives those who wait for a flight what ran out, if there is anything; the flight goes on and
--- refreshes the cache, once for all of them and for those who ask meanwhile.
---@param flight mlxresolve.Flight
function stale.tell(flight)
  local runtime = flight.runtime
  local answer = stale.get(runtime, flight.name, flight.number, flight.purpose_hash)
  if not answer then
    return
  elseif answer.is_stale and not runtime.identity:vouches(flight.name, answer.packet) then
    runtime.scheduler.timers:add(flight, runtime.scheduler:now() + PROOF)
    return
  end
  flight.is_late, flight.is_refresh = true, true
  flight.answer = answer
  runtime:reply(flight)
  for i = 1, #flight.slots do
    flight.slots[i] = nil
  end
  tell_waiters(flight)
  flight.answer = false
end

return stale
