--- A race of strategies, as a step of the chain: staggered, the losers cancelled and noted.

local group = require("mlxresolve.group")
local TIMEOUT = require("mlxresolve.scheduler").TIMEOUT

local race = {}

local function race_members(self, asked, flight)
  local functions = {}
  for _, member in ipairs(self.members) do
    if member:fits(asked) then
      functions[#functions + 1] = function()
        return member:ask(asked, flight)
      end
    end
  end
  if #functions == 0 then
    return nil
  end
  return (group.race(self.scheduler, functions, self.node.after or false))
end

--- Losers of a race were stopped before they could note what became of them.
local function note_losers(self, flight, text)
  local now = self.scheduler:now()
  for _, member in ipairs(self.members) do
    local started = flight.trying[member]
    flight.trying[member] = nil
    if started and started >= flight.started_at then
      flight.trace:add(member.label, "cancelled", started, now - started, text)
    end
  end
end

--- Asks the members of a race that fit, each in its turn; an answer or nil.
---@param self mlxresolve.Step
---@param asked mlxresolve.Query
---@param flight mlxresolve.Flight
---@return mlxresolve.Answer|nil
function race.ask(self, asked, flight)
  local started = self.scheduler:now()
  flight.is_seen = true
  local ok, answer = self.scheduler:attempt(self.timeout, race_members, self, asked, flight)
  if ok then
    note_losers(self, flight, "another was faster")
    return answer
  end
  local text = answer == TIMEOUT and ("no result within %g ms"):format(self.timeout)
    or tostring(answer)
  note_losers(self, flight, text)
  flight.trace:add(self.label, "timeout", started, self.scheduler:now() - started, text)
  flight.has_failed = true
  flight.message, flight.code = self.label .. ": " .. text, "ETIMEOUT"
end

return race
