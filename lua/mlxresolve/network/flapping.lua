--- Interfaces that come and go: lost twice within five seconds, until they have been quiet as long.

local WINDOW = 5000 -- ms, as mDNSResponder has it
local LOSSES = 2

---@class mlxresolve.Flapping
local Flapping = { __name = "mlxresolve.network.flapping" }
Flapping.__index = Flapping

local flapping = {}

---@param window number?  ms
---@return mlxresolve.Flapping
function flapping.new(window)
  return setmetatable({ window = window or WINDOW, since = {}, count = {} }, Flapping)
end

--- An interface was lost.
---@param index integer
---@param now number
function Flapping:lost(index, now)
  for other in pairs(self.since) do
    self:is(other, now) -- forgets those that have been quiet
  end
  local last = self.since[index]
  local is_again = last and now - last < self.window
  self.count[index] = is_again and self.count[index] + 1 or 1
  self.since[index] = now
end

---@param index integer
---@param now number
---@return boolean
function Flapping:is(index, now)
  local last = self.since[index]
  if not last then
    return false
  elseif now - last >= self.window then
    self.since[index], self.count[index] = nil, nil
    return false
  end
  return self.count[index] >= LOSSES
end

return flapping
