--- What a resolver knows without asking anybody: fresh answers, answers that ran out where the
--- policy serves those, and failures that are too young to try again.

local answers = require("mlxresolve.answer")
local core = require("mlxresolve.core")
local fingerprint = require("mlxresolve.policy.fingerprint")
local query = require("mlxresolve.query")
local recheck = require("mlxresolve.recheck")

local A = 1

---@class mlxresolve.Resolver
local memory = {}

--- May what ran out be served now: at once, because asking has just failed, or because those who
--- ask have waited long enough?
local function takes_stale(self, name, number, purpose, failure)
  if self.gives_stale_at_once or failure or self:is_offline() then
    return true
  end
  local flight = self.flights:find(name, number, purpose)
  return flight and flight.is_late
end

--- Looks up; what is due or stale is refreshed in the background.
---@param name string  canonical
---@param number integer
---@param purpose string|false|nil
---@param now number?  ms
---@return string|nil packet
---@return mlxresolve.KnownFailure|false failure  has just failed; with a packet, that is stale
---@return integer? ttl, string? status, integer? strategy, integer? interface, boolean? is_stale
---@return boolean? is_suspect
function memory:recall(name, number, purpose, now)
  local failure = self.failures:find(name, number, purpose)
  local accepts_stale = self.serves_stale and takes_stale(self, name, number, purpose, failure)
  local packet, ttl, _, strategy, interface, is_stale, is_due, status, is_suspect, is_withheld =
    self.cache:get(name, number, now or self.world:now(), fingerprint.text(purpose), accepts_stale)
  if is_withheld and not self:is_offline() then
    return nil, failure
  elseif is_due or is_stale then
    self:renew(name, number, purpose)
  end
  if is_stale and self.identity.is_on and not self.identity:vouches(name, packet) then
    return nil, failure
  end
  return packet, failure, ttl, status, strategy, interface, is_stale, is_suspect
end

--- An answer that somebody has just been given is due: one that became suspect is looked into, the
--- others are asked for anew.
---@param name string  canonical
---@param number integer
---@param purpose string|false|nil
function memory:renew(name, number, purpose)
  local now = self.world:now()
  if self.in_use.is_on then
    self.in_use:note(name)
  end
  local _, _, _, _, _, is_suspect = self.cache:copy(name, number, now, fingerprint.text(purpose))
  if is_suspect then
    recheck.start(self, name)
  else
    self.flights:refresh(name, number, purpose)
  end
end

--- The same as an answer of the chain; nil and the failure, if it is one.
---@return mlxresolve.Answer|nil, mlxresolve.KnownFailure|false
function memory:known(name, number, purpose)
  local packet, failure, ttl, status, strategy, interface, is_stale, is_suspect =
    self:recall(name, number, purpose)
  if not packet then
    return nil, failure
  end
  local answer = answers.new(packet, status, ttl, name)
  answer.strategy = self:strategy_name(strategy)
  answer.interface = interface ~= 0 and interface or false
  answer.is_stale, answer.is_suspect = is_stale, is_suspect
  return answer, failure
end

--- What is known of a name right now: the first record of the type (A when absent) as text, such as
--- "192.0.2.1" or "fe80::1%eth0", and the seconds that it may be used; false and the seconds when
--- it is known that there is none; nil when it is not known, and is to be resolved. Costs little
--- more than reading a table, and asks nobody; a name in use is refreshed before it runs out.
---@param name string
---@param type_name string?
---@return string|false|nil data, integer? ttl
function memory:peek(name, type_name)
  local number = A
  if type_name then
    number = query.type_numbers[type_name]
      or error(("peek: %s is no record type"):format(tostring(type_name)), 2)
  end
  local data, ttl, is_due, interface = self.cache:peek(name, number, self.world:now())
  if is_due then
    self:renew(core.name.canonical(name), number)
  end
  if data and interface ~= 0 then
    local scope = self:interface_name(interface)
    data = scope and (data .. "%" .. scope) or data
  end
  return data, ttl
end

return memory
