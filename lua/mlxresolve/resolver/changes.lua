--- What changes under a resolver at work: the network, and the policy.

local chains = require("mlxresolve.chain")
local network = require("mlxresolve.network")
local onlinks = require("mlxresolve.onlink")
local persistence = require("mlxresolve.persistence")
local recheck = require("mlxresolve.recheck")
local settings = require("mlxresolve.resolver.settings")

---@class mlxresolve.Resolver
local changes = {}

local function names_of(networks)
  local texts = {}
  for i, one in ipairs(networks) do
    texts[i] = ("%s on %s"):format(one.network, one.interface)
  end
  return table.concat(texts, ", ")
end

--- What cannot wait: addresses that have become wrong, and failures that may end.
local function at_once(self, restless)
  local left, come, withheld = self.onlink:update(self.world:interfaces() or {}, restless)
  if #left + #come > 0 then
    self.failures:flush()
  end
  if withheld > 0 then
    local text = "left %s: %d answers withheld"
    self.world:log("info", text:format(names_of(left), withheld))
  end
end

local function settled(self, change)
  self.changes = (self.changes or 0) + 1
  self.failures:flush()
  for _, instance in ipairs(self.chain.reactions) do
    instance:react(change)
  end
  self.scheduler:spawn(self.watches.renew, self.watches, "network")
end

--- Follows the network from now on, and tells the reactions of its changes.
function changes:watch_network()
  if self.network then
    return
  end
  self.onlink = onlinks.new(self)
  self.network = network.watch(self, {
    at_once = function(_, restless)
      at_once(self, restless)
    end,
    settled = function(change)
      settled(self, change)
    end,
  }, self.policy.network)
end

--- Ends what the network has begun.
function changes:leave_network()
  if self.network then
    self.network:close()
  end
  recheck.close(self)
end

--- Puts another checked policy to work: unchanged instances live on, entries of strategies that are
--- gone are dropped. Questions under way are not joined any more; what the old strategies have not
--- answered by now, or fail to, the new ones are asked.
---@param policy table
function changes:replace_policy(policy)
  local previous = self.chain
  settings.tune_cache(self, policy)
  settings.take(self, policy)
  self.in_use:hold_peers(policy.peers)
  self.chain = chains.new(self, policy, previous)
  self.identity:follow(self.chain.pins)
  self.chain:open()
  previous:close(self.chain)
  self.generation = self.generation + 1
  local kept = {}
  for hash in pairs(self.chain.by_hash) do
    kept[#kept + 1] = hash
  end
  persistence.forget(self, { strategies_but = kept })
  if self.persistence ~= nil then
    persistence.follow(self)
  end
  self.failures:flush()
  self.flights:part()
  if self.network then
    self.network:configure(policy.network)
  end
  if #self.chain.reactions > 0 then
    self:watch_network()
  end
  self.watches:renew("policy")
end

--- Forgets who was met for the first time, of a name or of all, and what was proved by that.
---@param name string?  canonical
---@return integer count
function changes:forget_pins(name)
  self.identity:forget(name)
  return self.remembered:forget(name)
end

--- Reads the policy's file again; the old policy stays when the new one has mistakes.
---@return true|nil, string[]|string at_restart_or_message, string? code
function changes:reload()
  local policies = require("mlxresolve.policy")
  if not self.policy.file then
    return nil, "this policy came from no file", "ENOTSUP"
  end
  local policy, mistakes = policies.load(self.policy.file, { world = self.world })
  if not policy then
    return nil, require("mlxresolve.policy.report").format(mistakes), "EPOLICY"
  end
  self:replace_policy(policy)
  return true, settings.waiting(self.opened_with, policy)
end

return changes
