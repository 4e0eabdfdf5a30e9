--- Asks the hosts of the names in use, in the background, whether they still are where the cache
--- has them: one that moved without a word is found before anybody is sent to its old address.
---
--- In use is what was asked for within a minute, is watched, or is a peer of the policy; while
--- there is none, nothing is sent and nothing wakes the machine. A host is asked alone, at its own
--- address; where it is silent, or says something else, the link is asked, and then the policy.
local verify = {
  options = {
    zones = { "list", of = "zone", min = 1, default = { "local" }, doc = "whose hosts are asked" },
    interval = { "duration", default = "1s", min = "200ms", doc = "between two looks at a host" },
    patience = { "duration", default = "300ms", min = "10ms", doc = "a host may be silent" },
    budget = { "integer", default = 64, min = 8, doc = "packets in each interval, at most" },
    probe = { "plugin", kind = "probe", doc = "has to find the addresses alive, besides" },
  },
}

local LONGEST_REST = 60e3 -- ms, for a host of which nothing new is heard again and again
local QUESTION, PROBE, RECHECK = 2, 3, 6 -- packets, for both families

--- Another network: who was silent there may speak here.
function verify:network_changed()
  self.states = {}
end

--- The first address that the probe finds dead, and why.
local function find_dead(self, entry, ctx)
  for _, address in ipairs(self.options.probe and entry.addresses or {}) do
    local endpoint = { name = entry.name, address = address, port = entry.port }
    local ok, message, code = self.options.probe:probe(endpoint)
    if ctx:weigh(ok, message, code) == "against" then
      return address, message
    end
  end
end

--- What somebody met dead stays so until a probe says otherwise.
local function note_alive(self, entry, ctx)
  for _, address in ipairs(entry.addresses) do
    local known = ctx.health:of(entry.name, address)
    if self.options.probe or not known or known.state ~= "dead" then
      ctx.health:mark(entry.name, address, "verified", "its host says so")
    end
  end
end

local function look(self, entry, state, ctx)
  local how = { timeout = self.options.patience, heard = state.heard }
  local ok, problem, code = ctx:confirm(entry.name, entry.addresses, how)
  local dead, reason = find_dead(self, entry, ctx)
  if dead or ctx:weigh(ok, problem, code) == "against" then
    self.spent, state.heard = self.spent + RECHECK, {}
    local verdict = ctx:recheck(entry.name, {
      address = dead,
      reason = reason or problem,
      probe = self.options.probe,
      port = entry.port,
    })
    state.strikes = verdict ~= "move" and state.strikes + 1 or 0
  elseif ok then
    state.strikes = 0
    note_alive(self, entry, ctx)
    ctx:prove(entry.name, entry.addresses)
  end
end

local function tend(self, state, ctx)
  local entry = state.entry
  if entry.addresses[1] then
    state.was_known = true
    look(self, entry, state, ctx)
  else
    -- what has just said goodbye is known to the link for another second
    if not state.was_known or state.strikes > 0 then
      ctx:refresh(entry.name)
    end
    state.strikes = state.strikes + 1
  end
  local ms = self.options.interval * 2 ^ math.min(state.strikes - 1, 12)
  state.until_at = state.strikes > 0 and ctx:now() + math.min(ms, LONGEST_REST) or 0
end

--- Those whose turn it is, within the budget; whom it leaves out comes first the next time.
local function tend_all(self, list, ctx)
  local states, now, left = {}, ctx:now(), self.options.budget - self.spent
  for i = 1, #list do
    local entry = list[(self.turn + i - 1) % #list + 1]
    local state = self.states[entry.name] or { strikes = 0, until_at = 0, heard = {} }
    states[entry.name], state.entry = state, entry
    local is_due = now >= state.until_at
      and (entry.addresses[1] or entry.is_held or state.strikes > 0)
    if is_due and left >= QUESTION then
      left = left - QUESTION - (self.options.probe and PROBE * #entry.addresses or 0)
      self.next_turn = self.turn + i
      state.until_at = now + LONGEST_REST -- until it is done
      ctx:spawn(tend, self, state, ctx)
    end
  end
  self.states, self.turn = states, left < QUESTION and self.next_turn or 0
  self.spent = math.max(0, -left)
end

local function work(self, ctx)
  local follower = ctx:follow_use(self.options.zones)
  while true do
    follower:await()
    tend_all(self, follower:list(), ctx)
    ctx:sleep(self.options.interval)
  end
end

function verify:open(ctx)
  self.states, self.spent, self.turn, self.next_turn = {}, 0, 0, 0
  ctx:spawn(work, self, ctx)
end

return verify
