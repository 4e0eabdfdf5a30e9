--- Between the DNS listener and the flights: questions in, answers out, and why there is none.

local SERVFAIL, REFUSED = 2, 5

-- RFC 8914 info codes
local EDE_OTHER, EDE_STALE, EDE_PROHIBITED, EDE_NETWORK, EDE_TIMEOUT = 0, 3, 18, 23, 22

local EDE_TEXT_MAX = 300 -- bytes; the reply has to fit into a datagram

local replies = {}

--- A question that the front could not answer from the cache.
---@param resolver mlxresolve.Resolver
---@param slot integer
---@param name string
---@param number integer
function replies.question(resolver, slot, name, number)
  local flights = resolver.flights
  if resolver.native_names[name] then
    -- the system's resolver may be asking us on behalf of our own lookup: do not wait for that one
    local echo = flights:start(name, number, { is_shared = false, is_native_echo = true })
    echo.slots[1] = slot
    return
  end
  local flight = flights:find(name, number)
  if not flight then
    local packet = resolver.cache:get(name, number, resolver.world:now(), 0, false)
    if packet then
      -- it came in between the front's look and ours
      resolver.front:answer(slot, packet)
      return
    end
    flight = flights:start(name, number)
  else
    flights.joined = flights.joined + 1
  end
  local slots = flight.slots
  slots[#slots + 1] = slot
end

--- What the clients of a flight are told: packet or false, rcode, EDE code and text.
local function outcome(flight)
  local answer = flight.answer
  if answer then
    if answer.is_stale then
      return answer.packet, 0, EDE_STALE, flight.trace:summary(EDE_TEXT_MAX)
    end
    if not answer.strategy then
      return answer.packet, 0, EDE_OTHER, flight.trace:summary(EDE_TEXT_MAX)
    end
    return answer.packet, 0
  end
  if not flight.was_asked then
    return false, REFUSED, EDE_PROHIBITED, flight.message
  end
  local text = flight.trace:summary(EDE_TEXT_MAX)
  local code = flight.code == "ETIMEOUT" and EDE_TIMEOUT or EDE_NETWORK
  return false, SERVFAIL, code, text ~= "" and text or flight.message
end

--- Answers all clients of a flight.
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
end

return replies
