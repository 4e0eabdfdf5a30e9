--- Chance from a seed: streams of numbers that are the same on every machine. Each part of a
--- world has a stream of its own, so that what one part draws does not change what another gets.

local chance = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.chance", __index = methods }

local MODULUS = 2147483647 -- Park and Miller

local function advance(state)
  return (state * 48271) % MODULUS
end

--- The stream of this name under a seed.
---@param seed integer
---@param name string
---@return mlxresolve.SimChance
function chance.new(seed, name)
  local state = seed % (MODULUS - 1) + 1
  for i = 1, #name do
    state = advance((state + name:byte(i) * 7919) % (MODULUS - 1) + 1)
  end
  return setmetatable({ state = state }, mt)
end

---@class mlxresolve.SimChance
--- A number in [0, 1), or an integer in 1..n.
---@param n integer?
---@return number
function methods:draw(n)
  self.state = advance(self.state)
  local fraction = (self.state - 1) / (MODULUS - 1)
  return n and math.floor(fraction * n) + 1 or fraction
end

--- Does something of this probability happen? What is impossible draws nothing.
---@param probability number
---@return boolean
function methods:happens(probability)
  return probability > 0 and self:draw() < probability
end

return chance
