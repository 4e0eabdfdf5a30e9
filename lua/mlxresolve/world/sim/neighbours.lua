--- The neighbour table of the simulated machine, as Linux keeps it: whom it has to resolve before
--- it can send, whom it takes for reachable, and how long it needs to give somebody up.

local reach = require("mlxresolve.world.sim.reach")

local REACHABLE = 30e3 -- ms for which a neighbour counts as confirmed
local RESOLVED = 1 -- ms until somebody who is there has answered
local GIVEN_UP = 3000 -- ms: three questions, a second apart
local DOUBT = 5000 -- ms for which what is stale is used before it is asked about

---@class mlxresolve.SimWorld
local neighbours = {}

local function can_answer(leg)
  return leg.to and reach.can_pass(leg.from, leg.to)
end

local function position(self, interface, address)
  for i, entry in ipairs(self.neighbour_list) do
    if entry.interface == interface and entry.address == address then
      return i, entry
    end
  end
end

local function is_reachable(self, entry)
  return self:now() - entry.confirmed < REACHABLE
end

local function tell(self, leg, mac, is_there)
  self:tell_events {
    {
      type = "neighbour_changed",
      index = leg.from.index,
      interface = leg.from.name,
      address = leg.address,
      mac = mac,
      reachable = is_there,
    },
  }
end

--- The neighbour table.
---@return mlxresolve.Neighbour[]
function neighbours:neighbours()
  local list = {}
  for i, entry in ipairs(self.neighbour_list) do
    list[i] = {
      address = entry.address,
      interface = entry.interface.name,
      index = entry.interface.index,
      mac = entry.mac,
      reachable = is_reachable(self, entry),
    }
  end
  return list
end

local function key_of(leg)
  return leg.from.index .. " " .. leg.address
end

local function confirm(self, leg)
  self.resolving[key_of(leg)] = nil
  if not can_answer(leg) then
    return
  end
  local _, entry = position(self, leg.from, leg.address)
  local is_news = not entry or entry.mac ~= leg.to.mac or not is_reachable(self, entry)
  if not entry then
    entry = { interface = leg.from, address = leg.address }
    table.insert(self.neighbour_list, entry)
  end
  entry.mac, entry.confirmed = leg.to.mac, self:now()
  if is_news then
    tell(self, leg, entry.mac, true)
  end
end

-- Nobody has answered, unless somebody else has come to the address meanwhile.
local function give_up(self, leg)
  self.resolving[key_of(leg)] = nil
  local i, entry = position(self, leg.from, leg.address)
  local holder = reach.holder(leg.from.link, leg.address) or false
  leg = { from = leg.from, to = holder, address = leg.address }
  if can_answer(leg) then
    return confirm(self, leg)
  elseif i then
    table.remove(self.neighbour_list, i)
  end
  tell(self, leg, entry and entry.mac or nil, false)
end

local function ask(self, leg, wait)
  if self.resolving[key_of(leg)] then
    return
  end
  self.resolving[key_of(leg)] = true
  if can_answer(leg) then
    self.clock:after(wait + RESOLVED, confirm, self, leg)
  else
    self.clock:after(wait + GIVEN_UP, give_up, self, leg)
  end
end

--- Something is sent to a neighbour, so the kernel has to know who it is. Whom it has confirmed
--- lately it believes, gone or not.
---@param leg table  of a path
function neighbours:meet(leg)
  if leg.from.kind == "tunnel" then
    return
  end
  local _, entry = position(self, leg.from, leg.address)
  local is_other = entry and can_answer(leg) and entry.mac ~= leg.to.mac
  if not entry or is_other then
    ask(self, leg, 0)
  elseif not is_reachable(self, entry) then
    ask(self, leg, DOUBT)
  end
end

--- How long the kernel goes on sending to a neighbour who is not there, ms.
---@param leg table
---@return number
function neighbours:patience_with(leg)
  local _, entry = position(self, leg.from, leg.address)
  if not entry then
    return GIVEN_UP
  end
  local left = math.max(0, REACHABLE - (self:now() - entry.confirmed))
  return left + DOUBT + GIVEN_UP
end

--- The kernel drops the neighbours of an interface whose cable was pulled.
---@param interface mlxresolve.SimInterface
function neighbours:forget_neighbours(interface)
  self.resolving = {}
  for i = #self.neighbour_list, 1, -1 do
    if self.neighbour_list[i].interface == interface then
      table.remove(self.neighbour_list, i)
    end
  end
end

return neighbours
