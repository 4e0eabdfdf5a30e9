--- What changes under a resolver at work: the network, and the policy.

local chains = require("mlxresolve.chain")
local network = require("mlxresolve.network")
local persistence = require("mlxresolve.persistence")
local settings = require("mlxresolve.resolver.settings")

---@class mlxresolve.Resolver
local changes = {}

--- Tells the reactions of network changes from now on.
function changes:watch_network()
  if self.network then
    return
  end
  self.network = network.watch(self, function(change)
    self.changes = (self.changes or 0) + 1
    self.failures:flush()
    self.scheduler:spawn(function()
      for _, instance in ipairs(self.chain.reactions) do
        instance:call("network_changed", false, change, instance.ctx)
      end
      self.watches:renew("network")
    end)
  end)
end

--- Puts another checked policy to work: unchanged instances live on, entries of strategies that are
--- gone are dropped, and questions under way end with the chain that they began with.
---@param policy table
function changes:replace_policy(policy)
  local previous = self.chain
  settings.take(self, policy)
  self.in_use:hold_peers(policy.peers)
  self.chain = chains.new(self, policy, previous)
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
  if #self.chain.reactions > 0 then
    self:watch_network()
  end
  self.watches:renew("policy")
end

--- Reads the policy's file again; the old policy stays when the new one has mistakes.
---@return true|nil, string? text, string? code
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
  return true
end

return changes
