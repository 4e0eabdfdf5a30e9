--- Looks into a doubt about a name: is what the cache says of it still right?
---
--- Side by side, the host that said it last is asked alone, everybody on its link is asked (names
--- of mDNS), and its addresses are probed where somebody says how. Then the chain is asked anew,
--- and what it says takes the place of what the cache has, before anybody asks for it.

local without_scope = require("mlxresolve.address").without_scope
local evidence = require("mlxresolve.recheck.evidence")
local group = require("mlxresolve.group")
local persistence = require("mlxresolve.persistence")
local TIMEOUT = require("mlxresolve.scheduler").TIMEOUT
local verdicts = require("mlxresolve.recheck.verdict")

local LIMIT = 10e3 -- ms, for all of it
local MOST_LOOKS = 3

local recheck = {}

---@alias mlxresolve.Verdict "keep"|"move"|"drop"

---@class mlxresolve.RecheckOptions
---@field address string?  the address in doubt; all of the name's when absent
---@field reason string?   of the doubt
---@field probe mlxresolve.PluginHandle?  with `probe`
---@field port integer?    for the probe, where it matters

---------------------------------------------------------------- what follows

-- Of what is said no more, only a probe can tell that it lives.
local function mark(self, in_doubt, found, probes, reason)
  local health = self.runtime.health
  for address in pairs(in_doubt) do
    local probed = probes[address]
    if probed and probed ~= true then
      health:mark(self.name, address, "dead", probed)
    elseif found.addresses[address] or probed then
      health:mark(self.name, address, "verified", reason)
    end
  end
end

-- What is silent in a network that is another one now is not even good for a stale answer; what is
-- silent where it was may come back.
local function drop(self, reason)
  local discard = self.is_marked and persistence.forget or persistence.expire
  discard(self.runtime, { name = self.name })
  local health = self.runtime.health
  if self.is_all then
    health:clear(self.name, nil, reason)
  end
  for address in pairs(self.meant) do
    health:clear(self.name, address, reason)
  end
  self.runtime.world:log("info", ("%s: dropped: %s"):format(self.name, reason))
end

local function conclude(self, in_doubt, found, probes, verdict, reason)
  if verdict == "keep" then
    self.runtime.cache:mark(self.runtime.world:now(), { name = self.name }, { suspect = false })
    mark(self, in_doubt, found, probes, reason)
  elseif verdict == "move" then
    mark(self, in_doubt, found, probes, reason)
    for address in pairs(in_doubt) do
      if not found.addresses[address] then
        self.runtime.health:clear(self.name, address, reason)
      end
    end
  elseif verdict == "drop" then
    drop(self, reason)
  end
end

local function look(self)
  local runtime, name = self.runtime, self.name
  local types, addresses, interfaces, is_marked = evidence.known(runtime, name)
  self.is_marked = is_marked
  local in_doubt = evidence.doubted(runtime, name, self.meant, self.is_all and addresses)
  self.in_doubt = in_doubt
  for address in pairs(in_doubt) do
    if not runtime.health:of(name, address) then
      runtime.health:mark(name, address, "suspect", self.options.reason or "to be looked at")
    end
  end
  local on_link, probes = false, {}
  local beside = {
    function()
      on_link = evidence.ask_link(runtime, name)
    end,
  }
  if self.options.probe then
    beside[2] = function()
      probes = evidence.probe(runtime, name, in_doubt, self.options, interfaces)
    end
  end
  group.all(runtime.scheduler, beside)
  runtime.failures:flush { name = name }
  local found = evidence.ask_chain(runtime, name, types)
  local verdict, reason = verdicts.judge(name, in_doubt, found, probes, on_link)
  if runtime.identity.is_on then
    verdict, reason = verdicts.prove(runtime.identity, name, verdict, reason, found)
  end
  conclude(self, in_doubt, found, probes, verdict, reason)
  return verdict, reason
end

---------------------------------------------------------------- one at a time

local function why_not(self, problem)
  if problem == TIMEOUT then
    return ("%s: no verdict within %g s"):format(self.name, LIMIT / 1000)
  end
  self.runtime.world:log("error", tostring(problem))
  return ("%s: %s"):format(self.name, tostring(problem):match("^[^\n]*"))
end

-- What was said before the network changed once more says nothing.
local function look_until_quiet(self)
  local runtime = self.runtime
  for _ = 1, MOST_LOOKS do
    local began = runtime.world:now()
    local ok, verdict, reason = runtime.scheduler:attempt(LIMIT, look, self)
    if not ok then
      return nil, why_not(self, verdict)
    elseif runtime.doubted_at <= began then
      return verdict, reason
    end
  end
  return nil, self.name .. ": the network does not come to rest"
end

local function tell(self, verdict, reason, code)
  for _, task in ipairs(self.waiting) do
    task:wake(verdict, reason, code)
  end
end

local begin

-- However it ended: who waits is told, and what was doubted too late for it gets its turn.
local function on_end(self, _, ok, verdict, reason)
  local runtime, following = self.runtime, self.following
  runtime.rechecks[self.name] = nil
  if ok then
    tell(self, verdict, reason, not verdict and "EAGAIN" or nil)
  else
    tell(self, nil, self.name .. ": cancelled", "EAGAIN")
  end
  if ok and following then
    begin(following)
  elseif following then
    tell(following, nil, following.name .. ": cancelled", "EAGAIN")
  end
end

function begin(self)
  local runtime = self.runtime
  runtime.rechecks[self.name] = self
  local task = runtime.scheduler:spawn(look_until_quiet, self)
  task.on_end, task.on_end_object = on_end, self
  self.task = runtime.scheduler:handle(task)
end

local function widen(self, options)
  if options.address then
    self.meant[without_scope(options.address)] = true
  else
    self.is_all = true
  end
end

local function new(runtime, name, options)
  local self = {
    runtime = runtime,
    name = name,
    options = options,
    is_all = false,
    meant = {}, -- address → true
    in_doubt = false, -- the addresses, once they are looked into
    following = false,
    waiting = {},
  }
  widen(self, options)
  return self
end

-- Is that looked into already?
local function concerns(self, address)
  if address then
    return self.in_doubt[without_scope(address)] ~= nil
  end
  for _, suspect in ipairs(self.runtime.health:suspects(self.name)) do
    if not self.in_doubt[suspect] then
      return false
    end
  end
  return true
end

-- What a look that is under way leaves out is looked into after it: what was said before a doubt
-- says nothing of it.
local function join(self, options)
  if not self.in_doubt then
    widen(self, options)
    return self
  elseif concerns(self, options.address) then
    return self
  elseif self.following then
    widen(self.following, options)
  else
    self.following = new(self.runtime, self.name, options)
  end
  return self.following
end

local function stop_waiting(self, task)
  for i, other in ipairs(self.waiting) do
    if other == task then
      table.remove(self.waiting, i)
    end
  end
end

--- Looks into a doubt, in a task: the verdict and its reason in words; nil, message, code where
--- nobody could be asked. Who comes with the same doubt while a name is looked into waits for that
--- verdict.
---@param runtime table
---@param name string  canonical
---@param options mlxresolve.RecheckOptions?
---@return mlxresolve.Verdict|nil, string reason, string? code
function recheck.run(runtime, name, options)
  local self = recheck.start(runtime, name, options)
  local task = runtime.scheduler:current()
  self.waiting[#self.waiting + 1] = task
  return runtime.scheduler:wait(stop_waiting, self, task)
end

--- The same without waiting for the verdict.
---@param runtime table
---@param name string  canonical
---@param options mlxresolve.RecheckOptions?
---@return table recheck
function recheck.start(runtime, name, options)
  options = options or {}
  local running = runtime.rechecks[name]
  if running then
    return join(running, options)
  end
  local self = new(runtime, name, options)
  begin(self)
  return self
end

--- Ends all that is being looked into, with the resolver.
---@param runtime table
function recheck.close(runtime)
  for _, self in pairs(runtime.rechecks) do
    self.task:close()
  end
end

return recheck
