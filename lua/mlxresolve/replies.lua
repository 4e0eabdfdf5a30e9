--- Between the DNS listener and the flights: questions in, answers out, and why there is none.

local words = require("mlxresolve.words")

local SERVFAIL, REFUSED = 2, 5

-- RFC 8914 info codes
local EDE_OTHER, EDE_STALE, EDE_PROHIBITED, EDE_NETWORK, EDE_TIMEOUT = 0, 3, 18, 23, 22

local replies = {
  TEXT_MAX = 300, -- bytes of EDE text; the reply has to fit into a datagram
}

--- The code and the text of a failure, for flights that have failed and for what is remembered.
---@param code string
---@param text string
---@param message string
---@return integer ede_code, string ede_text
function replies.explain(code, text, message)
  return code == "ETIMEOUT" and EDE_TIMEOUT or EDE_NETWORK,
    text ~= "" and text or words.utf8(message)
end

--- Is there anything to recall that the front cannot know? It has looked for fresh answers a moment
--- ago, and again when the question was taken from it.
local function may_recall(resolver, flight)
  if resolver.gives_stale_at_once then
    return true
  elseif flight then
    return flight.is_late
  end
  return resolver.failures.count > 0 or resolver:is_offline()
end

--- Answers from what is known without asking anybody: what may be stale, what has just failed.
local function recall(resolver, slot, name, number)
  local packet, failure, _, _, _, _, is_stale = resolver:recall(name, number)
  if packet then
    if is_stale then
      -- without a text the code would be left out
      resolver.front:answer(slot, packet, EDE_STALE, failure and failure.text or "")
    else
      resolver.front:answer(slot, packet)
    end
    return true
  elseif failure then
    local ede_code, ede_text = replies.explain(failure.code, failure.text, failure.message)
    resolver.front:refuse(slot, SERVFAIL, ede_code, ede_text)
    return true
  end
  return false
end

--- A question that the front could not answer from the cache; slot 0 is one that it did answer,
--- and that is due.
---@param resolver mlxresolve.Resolver
---@param slot integer
---@param name string
---@param number integer
function replies.question(resolver, slot, name, number)
  local flights = resolver.flights
  if slot == 0 then
    return resolver:renew(name, number)
  end
  if resolver.in_use.is_on then
    resolver.in_use:note(name)
  end
  if resolver.native_names[name] then
    -- the system's resolver may be asking us on behalf of our own lookup: do not wait for that one
    local echo = flights:start(name, number, { is_shared = false, is_native_echo = true })
    echo.slots[1] = slot
    return
  end
  local flight = flights:find(name, number)
  if flight and (flight.timeout or flight.is_private) then
    flight = nil -- it may go on for longer than clients are to wait, or is for another one
  end
  if may_recall(resolver, flight) and recall(resolver, slot, name, number) then
    return
  end
  if flight then
    flights.joined = flights.joined + 1
  else
    flight = flights:start(name, number)
  end
  local slots = flight.slots
  slots[#slots + 1] = slot
end

--- What the clients of a flight are told: packet or false, rcode, EDE code and text.
local function outcome(flight)
  local answer = flight.answer
  if answer then
    if answer.is_stale then
      return answer.packet, 0, EDE_STALE, flight.trace:summary(replies.TEXT_MAX)
    end
    if not answer.strategy then
      return answer.packet, 0, EDE_OTHER, flight.trace:summary(replies.TEXT_MAX)
    end
    return answer.packet, 0
  end
  if not flight.was_asked then
    return false, REFUSED, EDE_PROHIBITED, flight.message
  end
  local text = flight.trace:summary(replies.TEXT_MAX)
  return false, SERVFAIL, replies.explain(flight.code, text, flight.message)
end

--- Answers all clients of a flight. When no other one may land in this turn, they need not wait for
--- what is noted about it.
---@param front mlxresolve.Front
---@param flight mlxresolve.Flight
function replies.send(front, flight)
  local slots = flight.slots
  if #slots == 0 then
    return
  end
  local packet, rcode, ede_code, ede_text = outcome(flight)
  for i = 1, #slots do
    if packet then
      front:answer(slots[i], packet, ede_code, ede_text)
    else
      front:refuse(slots[i], rcode, ede_code, ede_text)
    end
  end
  if flight.runtime.scheduler:is_last() then
    front:flush()
  end
end

return replies
