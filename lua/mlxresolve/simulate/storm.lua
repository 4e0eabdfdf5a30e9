--- Counts packets: no host may send more than so many within a second, whatever happens.

local SECOND = 1000 -- ms

local storm = {}
local methods = {}
local mt = { __name = "mlxresolve.simulate.storm", __index = methods }

---@param limit integer  packets a second
---@param on_storm fun(host: mlxresolve.SimHost, count: integer)  called once a host
function storm.new(limit, on_storm)
  return setmetatable({ limit = limit, on_storm = on_storm, sent = {}, sum = 0 }, mt)
end

--- A host sends a packet.
---@param host mlxresolve.SimHost
---@param now number
function methods:count(host, now)
  local times = self.sent[host]
  if not times then
    times = { first = 1, last = 0, is_told = false }
    self.sent[host] = times
  end
  times.last = times.last + 1
  times[times.last] = now
  self.sum = self.sum + 1
  while times[times.first] <= now - SECOND do
    times[times.first] = nil
    times.first = times.first + 1
  end
  local count = times.last - times.first + 1
  if count > self.limit and not times.is_told then
    times.is_told = true
    self.on_storm(host, count)
  end
end

return storm
