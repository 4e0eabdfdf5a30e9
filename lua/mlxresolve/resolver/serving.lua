--- What a resolver does for others: the DNS listener and its answers, the cache on disk, observers.

local persistence = require("mlxresolve.persistence")
local replies = require("mlxresolve.replies")

---@class mlxresolve.Resolver
local serving = {}

--- Opens the DNS listener; one per resolver.
---@param addresses string[]?  the policy's when absent
---@return string[]|nil addresses, string? message, string? code
function serving:listen(addresses)
  if self.front then
    local present = table.concat(self.front:addresses(), ", ")
    return nil, "listen: this resolver answers at " .. present .. " already", "EBUSY"
  end
  local wanted = {
    listen = addresses or self.policy.listen,
    allow = self.policy.allow or nil,
  }
  for name, value in pairs(self.policy.front or {}) do
    wanted[name] = value
  end
  local front, message, code = self.world:listen(wanted, self.cache, function(slot, name, number)
    replies.question(self, slot, name, number)
  end)
  if not front then
    return nil, message, code
  end
  self.front = front
  local list = front:addresses()
  for _, address in ipairs(list) do
    self.own_listeners[address] = true
  end
  self.system_list = false
  return list
end

--- Keeps the cache across restarts, where the policy wants it, and who was met for the first time.
function serving:persist()
  self.persistence = persistence.open(self)
  local path = persistence.state_file(self.world, "pins")
  if path then
    self.remembered:open(path)
  end
end

--- Takes the failures that C code of this process reports: see mlxr_report_failure.
---@return true|nil, string? message, string? code
function serving:take_reports()
  local box, message, code = self.world:reports(function(name, address)
    self:report_failure(name, address or nil)
  end)
  return box and true, message, code
end

--- Answers the clients of a flight that has landed.
function serving:reply(flight)
  if self.front then
    replies.send(self.front, flight)
  end
end

local function tell_observers(observers, asked, answer)
  for _, instance in ipairs(observers) do
    if instance.plugin.answered then
      instance:try("answered", asked, answer, instance.ctx)
    end
  end
end

--- Tells the observers of an answer.
---@param asked mlxresolve.Query
---@param answer mlxresolve.Answer
function serving:observe(asked, answer)
  local observers = self.chain.observers
  if #observers > 0 then
    self.scheduler:spawn(tell_observers, observers, asked, answer)
  end
end

return serving
