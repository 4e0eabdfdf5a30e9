--- What the identity checks of a name come to, taken together.

local checks = {}

--- Only a host that is somebody else speaks against; one that is silent proves nothing.
---@param list mlxresolve.PluginHandle[]
---@param name string     canonical
---@param address string
---@return "for"|"against"|"none" outcome, string reason
function checks.ask(list, name, address)
  local outcome, reason = "none", "no check could tell"
  for _, check in ipairs(list) do
    local ok, message, code = check:identify(name, address)
    if code == "EIDENTITY" and not ok then
      return "against", message
    elseif ok then
      outcome, reason = "for", check.name
    elseif message and outcome == "none" then
      reason = message
    end
  end
  return outcome, reason
end

--- The first time that a name is met, where a check wants to know it by that.
---@param list mlxresolve.PluginHandle[]
---@param name string
---@param address string
---@return "for"|nil outcome, string? reason
function checks.meet(list, name, address)
  for _, check in ipairs(list) do
    if check.learn and check:learn(name, address) then
      return "for", check.name .. ": met for the first time"
    end
  end
end

return checks
