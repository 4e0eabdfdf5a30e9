--- What a flight does: passes through the chain until somebody knows, and what it all came to.

local answers = require("mlxresolve.answer")
local core = require("mlxresolve.core")
local persistence = require("mlxresolve.persistence")
local rank = require("mlxresolve.rank")
local stale = require("mlxresolve.stale")
local TIMEOUT = require("mlxresolve.scheduler").TIMEOUT

-- Without any network, what answers at all is on this machine and answers at once, ms.
local OFFLINE_LIMIT = 250

local FAMILIES = { A = "ipv4", AAAA = "ipv6" }
local PROOF = 2000 -- ms that a pinned host has to prove who it is

local run = {}

local function pass(self)
  self.has_failed = false
  return self.chain:pass(self.query, self, 1) or self.denial
end

--- Further passes, as long as the last one failed and a retry policy wants another.
local function retries(self, deadline_at)
  local scheduler, policy_chain = self.runtime.scheduler, self.chain
  local attempt, answer = 0, nil
  while not answer and self.has_failed do
    attempt = attempt + 1
    local delay = policy_chain:retry_delay {
      attempt = attempt,
      code = self.code,
      message = self.message,
      elapsed = scheduler:now() - self.started_at,
    }
    if not delay or scheduler:now() + delay >= deadline_at then
      return nil
    end
    scheduler:sleep(delay)
    if self.chain ~= self.runtime.chain then
      return nil
    end
    answer = pass(self)
  end
  return answer
end

--- Retries, and what another policy says that came meanwhile: strategies that it does not have are
--- closed, and asked no more.
local function passes_again(self, deadline_at)
  local answer = retries(self, deadline_at)
  while not answer and self.chain ~= self.runtime.chain do
    self.chain, self.denial = self.runtime.chain, false
    self.code, self.message = false, false
    answer = pass(self) or retries(self, deadline_at)
  end
  return answer
end

--- The usual one pass stands apart from the loop: a function without one can be compiled whole.
local function passes(self, deadline_at)
  local answer = pass(self)
  if answer or not self.has_failed and self.chain == self.runtime.chain then
    return answer
  end
  return passes_again(self, deadline_at)
end

-- What was met dead is left out while there is something else; and for how long, s.
local function without_dead(self, answer)
  local family = FAMILIES[self.query.type]
  if not family or answer.status ~= "answer" then
    return answer
  end
  local health, data = self.runtime.health, answer:data()
  health:follow(self.name, family, data)
  local living, ms = health:living(self.name, data)
  local shorter = living and answer:reorder(living)
  if not shorter then
    return answer
  end
  return shorter, math.max(1, math.floor(ms / 1000))
end

-- Of the limits that there are, the narrowest.
local function narrowest(runtime, own, most)
  local general = runtime.policy.cache and runtime.policy.cache.max_ttl
  return math.min(own or general or most, most)
end

local function keep(self, answer, most)
  local step = answer.step
  local note = step and step.note
  local is_old = self.is_outdated or self.used_stale or answer.is_stale
  if self.is_private or is_old or not note then
    return
  elseif not self.runtime.chain.by_hash[note.strategy] then
    return -- the policy has changed meanwhile, and does not have this strategy any more
  end
  note.interface = answer.interface or 0
  note.purpose = self.purpose_hash
  note.by_name = step.denies_by_name and not self.has_name
  local own = note.max_ttl
  note.max_ttl = most and narrowest(self.runtime, own, most) or own
  local ok, kept = persistence.keep(self.runtime, answer.packet, note)
  note.max_ttl = own
  if ok and kept then
    -- who is told first may keep it no longer than who asks the cache next
    answer.packet = kept
    answer.ttl = select(2, core.answer.read(kept))
  end
end

--- A denial that is not one to remember.
local function deny(self)
  local denial = self.query:nxdomain(0)
  denial.strategy = false
  return denial
end

--- Nobody knows the name, and nobody failed: that is a denial. So is it when nobody was to be
--- asked, since the name is a reserved one (RFC 6761, 7686).
local function verdict(self)
  if not self.was_asked then
    if self.chain:reserves(self.name) then
      return deny(self)
    end
    self.code, self.message = "EREFUSED", "no strategy's zones fit " .. self.name
  elseif not self.has_failed then
    return deny(self)
  elseif not self.code then
    self.code, self.message = "EFAILED", "every strategy failed"
  end
end

--- What ran out is given of a pinned name only when its host proves who it is.
local function is_proved(self, old)
  local identity = self.runtime.identity
  if not identity.is_on or not old.is_stale then
    return true
  end
  self.runtime.scheduler:attempt(PROOF, identity.prove_all, identity, self.name, old:data())
  return identity:vouches(self.name, old.packet)
end

--- What the cache still has, if the policy allows; else why there is nothing.
local function without_answer(self)
  local failures = self.runtime.failures
  local old = stale.get(self.runtime, self.name, self.number, self.purpose_hash)
  if old and not is_proved(self, old) then
    old = nil
  end
  local answer = old or verdict(self)
  if self.has_failed and self.was_asked then
    failures:note(self, old ~= nil)
  end
  return answer
end

--- What earlier processes knew may be just a moment away.
local function loaded_meanwhile(self, patience)
  local present = self.runtime.persistence
  if not present then
    return nil
  end
  local packet, _, _, strategy, interface = present:await(self, patience)
  local answer = packet and answers.read(packet)
  if answer then
    answer.strategy = self.runtime:strategy_name(strategy)
    answer.interface = interface ~= 0 and interface or false
  end
  return answer
end

--- Another host may have the address that is said.
local function sift(self, answer)
  local left, refusal = self.runtime.identity:sift(answer, self.query)
  if not left then
    self.has_failed = true
    self.code, self.message = "EIDENTITY", refusal
  end
  return left
end

--- Those who were still at it when the time was over did not come to note what became of them.
---@param self mlxresolve.Flight
---@param limit number  ms
function run.note_unfinished(self, limit)
  local now, list = self.runtime.scheduler:now(), {}
  for step, started in pairs(self.trying) do
    if started >= self.started_at then
      list[#list + 1] = { label = step.label, started = started }
    end
  end
  table.sort(list, function(a, b)
    return a.label < b.label
  end)
  local text = ("no result within the %g ms of the whole query"):format(limit)
  for _, one in ipairs(list) do
    self.trace:add(one.label, "timeout", one.started, now - one.started, text)
  end
end

--- Why there is nothing when the time is over.
---@param runtime mlxresolve.Resolver
---@param limit number  ms
---@return string message, string code
function run.too_late(runtime, limit)
  if runtime:is_offline() then
    return "no interface but loopback is up", "ENETDOWN"
  end
  return ("no answer within %g ms"):format(limit), "ETIMEOUT"
end

--- Runs the chain for a flight, within its time; leaves `answer`, or `code` and `message`.
---@param self mlxresolve.Flight
function run.flight(self)
  local runtime = self.runtime
  local scheduler = runtime.scheduler
  local limit = self.timeout or runtime.deadline
  if runtime:is_offline() then
    limit = math.min(limit, OFFLINE_LIMIT)
  end
  local is_early = runtime.persistence and runtime.persistence.is_loading
  local known = is_early and loaded_meanwhile(self)
  if known then
    self.answer = known
    return
  end
  local ok, answer = scheduler:call(limit, passes, self, scheduler.turn_time + limit)
  if not ok then
    self.has_failed = true
    run.note_unfinished(self, limit)
    for step in pairs(self.trying) do
      self.trying[step] = nil
    end
    if answer == TIMEOUT then
      self.message, self.code = run.too_late(runtime, limit)
    else
      self.code, self.message = "EINTERNAL", tostring(answer)
      runtime.world:log("error", tostring(answer))
    end
    answer = nil
  end
  if answer and runtime.identity.is_on then
    answer = sift(self, answer)
  end
  if answer then
    local most
    answer = rank.apply(self.chain.rankers, answer, self.query, runtime)
    if runtime.health.count > 0 then
      answer, most = without_dead(self, answer)
    end
    keep(self, answer, most)
    runtime.failures:forget(self)
  else
    answer = is_early and loaded_meanwhile(self, limit) or without_answer(self)
  end
  self.answer = answer or false
end

return run
