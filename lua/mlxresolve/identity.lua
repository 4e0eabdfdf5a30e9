--- Who has to prove who he is: the pins of the policy, and what came of asking for proof.
---
--- An answer that is said anew is believed at once and looked into in the background; what is to be
--- kept though it is in doubt, or served though it ran out, has to be proved first. An address at
--- which another host answers is no answer for its name until that proves otherwise.

local without_scope = require("mlxresolve.address").without_scope
local cards = require("mlxresolve.identity.cards")
local checks = require("mlxresolve.identity.checks")
local core = require("mlxresolve.core")
local group = require("mlxresolve.group")
local listing = require("mlxresolve.identity.listing")
local persistence = require("mlxresolve.persistence")
local query = require("mlxresolve.query")

-- How long the outcome of a proof counts, ms.
local LIFE = { ["for"] = 300e3, against = 120e3, none = 15e3 }
local LIMIT = 6e3 -- ms, for one proof
local MAX_AT_ONCE = 4 -- of one name
local MAX_UNDER_WAY = 32 -- beyond it, what nobody waits for is looked into another time
local MAX_NAMES = 256 -- with proofs; beyond it the memory begins anew

local identity = {}

---@class mlxresolve.Identity
---@field is_on boolean  does the policy pin any name?
local Identity = { __name = "mlxresolve.identity" }
Identity.__index = Identity

---@param runtime table
---@return mlxresolve.Identity
function identity.new(runtime)
  return setmetatable({
    runtime = runtime,
    is_on = false,
    pins = {},
    watcher = false,
    proofs = {}, -- name → address → { outcome, reason, at, task }
    count = 0,
    under_way = 0,
  }, Identity)
end

--- Goes by these pins from now on.
---@param pins table<string, mlxresolve.PluginHandle[]>  by canonical zone
function Identity:follow(pins)
  self.pins, self.is_on = pins, next(pins) ~= nil
  self.watcher = self.watcher or (self.is_on and cards.watch(self))
  self:forget()
end

--- Forgets what was proved, of a name or of all.
---@param name string?
function Identity:forget(name)
  if not name then
    self.proofs, self.count = {}, 0
  elseif self.proofs[name] then
    self.proofs[name] = nil
    self.count = self.count - 1
  end
end

--- The checks of a name: those of the longest zone that it is in; nil when it is not pinned.
---@param name string  canonical
---@return mlxresolve.PluginHandle[]|nil
function Identity:checks(name)
  local found, length = nil, 0
  for zone, list in pairs(self.pins) do
    if #zone > length and query.is_under(name, zone) then
      found, length = list, #zone
    end
  end
  return found
end

---------------------------------------------------------------- proofs

local function find(self, name, address)
  local of_name = self.proofs[name]
  local proof = of_name and of_name[without_scope(address)]
  if proof and proof.outcome then
    local is_over = self.runtime.world:now() >= proof.at + LIFE[proof.outcome]
    return not is_over and proof or nil
  end
  return proof
end

local function add(self, name, address)
  if not self.proofs[name] then
    if self.count >= MAX_NAMES then
      self.proofs, self.count = {}, 0
    end
    self.proofs[name] = {}
    self.count = self.count + 1
  end
  local proof = { outcome = false, reason = false, at = 0, is_said_anew = false, waiting = {} }
  self.proofs[name][without_scope(address)] = proof
  return proof
end

local function ask_or_meet(self, name, address, is_said_anew)
  local list = self:checks(name) or {}
  local outcome, reason = checks.ask(list, name, address)
  if outcome == "none" and is_said_anew then
    local met, how = checks.meet(list, name, address)
    return met or outcome, how or reason
  end
  return outcome, reason
end

local function tell_refusal(self, name, address, reason)
  local runtime = self.runtime
  local text = ("another host answers: %s"):format(reason)
  runtime.health:mark(name, without_scope(address), "dead", text)
  runtime.world:log("warn", ("%s: %s: %s"):format(name, address, text))
  -- What is said anew is sifted.
  persistence.forget(runtime, { name = name })
end

local function work(self, name, address, proof)
  local scheduler = self.runtime.scheduler
  local ok, outcome, reason =
    scheduler:attempt(LIMIT, ask_or_meet, self, name, address, proof.is_said_anew)
  if not ok then
    outcome, reason = "none", ("no proof within %g ms"):format(LIMIT)
  end
  self.under_way = self.under_way - 1
  proof.outcome, proof.reason, proof.at = outcome, reason, scheduler:now()
  if outcome == "against" then
    tell_refusal(self, name, address, reason)
  end
  for _, task in ipairs(proof.waiting) do
    task:wake()
  end
end

local function begin(self, name, address, is_said_anew)
  local proof = add(self, name, address)
  proof.is_said_anew = is_said_anew or false
  self.under_way = self.under_way + 1
  self.runtime.scheduler:spawn(function()
    work(self, name, address, proof)
  end)
  return proof
end

local function stop_waiting(proof, task)
  for i, other in ipairs(proof.waiting) do
    if other == task then
      table.remove(proof.waiting, i)
    end
  end
end

--- Asks the host at an address of a pinned name for proof, in a task, unless that was done lately.
---@param name string
---@param address string
---@return "for"|"against"|"none" outcome, string reason
function Identity:prove(name, address)
  local proof = find(self, name, address) or begin(self, name, address)
  if not proof.outcome then
    local task = self.runtime.scheduler:current()
    proof.waiting[#proof.waiting + 1] = task
    self.runtime.scheduler:wait(stop_waiting, proof, task)
  end
  return proof.outcome, proof.reason
end

--- The same for several addresses side by side, in a task: those that were proved, and those at
--- which another host answers. Nothing for a name that is not pinned.
---@param name string
---@param addresses string[]
---@return table<string, boolean>|nil proved, table<string, string> refused  address → reason
function Identity:prove_all(name, addresses)
  if not self.is_on or not self:checks(name) then
    return nil, {}
  end
  local asking, proved, refused = {}, {}, {}
  for i = 1, math.min(#addresses, MAX_AT_ONCE) do
    asking[i] = function()
      return self:prove(name, addresses[i])
    end
  end
  for i, result in ipairs(group.all(self.runtime.scheduler, asking)) do
    if result[1] == "for" then
      proved[addresses[i]] = true
    elseif result[1] == "against" then
      refused[addresses[i]] = result[2]
    end
  end
  return proved, refused
end

--- There is reason to think that another host answers: what was proved before does not count.
---@param name string
function Identity:doubt(name)
  local now = self.runtime.world:now()
  for address, proof in pairs(self.proofs[name] or {}) do
    if proof.outcome == "for" and proof.at < now then
      self.proofs[name][address] = nil
    end
  end
end

--- Another machine has an address now.
---@param address string
function Identity:moved(address)
  for name, of_name in pairs(self.proofs) do
    if of_name[address] and of_name[address].outcome then
      of_name[address] = nil
      self:look(name, { address })
    end
  end
end

--- Looks into addresses in the background, where there is no proof yet.
---@param name string
---@param addresses string[]
---@param is_said_anew boolean?  who is met there for the first time may be remembered
function Identity:look(name, addresses, is_said_anew)
  if not self.is_on or not self:checks(name) then
    return
  end
  for i = 1, math.min(#addresses, MAX_AT_ONCE) do
    if self.under_way < MAX_UNDER_WAY and not find(self, name, addresses[i]) then
      begin(self, name, addresses[i], is_said_anew)
    end
  end
end

---------------------------------------------------------------- answers

local ADDRESS = { A = true, AAAA = true }

--- May what ran out be served: is every address proved, or the name not pinned? What is not yet
--- proved is looked into.
---@param name string
---@param packet string
---@return boolean
function Identity:vouches(name, packet)
  if not self.is_on or not self:checks(name) then
    return true
  end
  local addresses = core.answer.data(packet)
  self:look(name, addresses)
  for _, address in ipairs(addresses) do
    local proof = find(self, name, address)
    if not proof or proof.outcome ~= "for" then
      return false
    end
  end
  return true
end

--- What of a new answer may be given: without addresses at which another host answers. Nil and why
--- when nothing is left.
---@param answer mlxresolve.Answer
---@param asked mlxresolve.Query
---@return mlxresolve.Answer|nil, string? message
function Identity:sift(answer, asked)
  if answer.status ~= "answer" or not ADDRESS[asked.type] or not self:checks(asked.name) then
    return answer
  end
  local addresses, order, refusal = answer:data(), {}, nil
  for i, address in ipairs(addresses) do
    local proof = find(self, asked.name, address)
    if proof and proof.outcome == "against" then
      refusal = ("another host answers at %s: %s"):format(address, proof.reason)
    else
      order[#order + 1] = i
    end
  end
  self:look(asked.name, addresses, true)
  if #order == 0 then
    return nil, refusal
  end
  return #order < #addresses and answer:reorder(order) or answer
end

--- What is known, for people: { name, address, outcome, reason, age (s) }, sorted.
---@return table[]
function Identity:list()
  return listing.of(self.proofs, self.runtime.world:now(), LIFE)
end

return identity
