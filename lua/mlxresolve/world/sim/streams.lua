--- Streams of the simulated machine: TCP connections that are made, refused, or hang as those of a
--- kernel do. Nobody speaks on them.

local core = require("mlxresolve.core")
local routes = require("mlxresolve.world.sim.routes")

local FIRST_GAP = 1000 -- ms until the SYN is sent again; doubled each time
local GIVEN_UP = 127e3 -- ms, after six of them, as Linux does

---@class mlxresolve.SimWorld
local streams = {}

local stream_mt = {
  __name = "mlxresolve.world.sim.stream",
  __index = {
    read = function(self, waiter)
      self.reading = self.world:new_operation(waiter)
      return self.reading
    end,
    write = function() end,
    close = function(self)
      if self.is_open then
        self.is_open = false
        self.world.streams = self.world.streams - 1
        self.world:cancel("read", self.reading)
      end
    end,
  },
}

local function succeed(world, number)
  if world.operations[number] then
    world.streams = world.streams + 1
    world:complete(number, setmetatable({ world = world, is_open = true }, stream_mt))
  end
end

-- A SYN, what comes of it, and the next one.
local function knock(world, number, endpoint)
  local path = world.operations[number] and routes.to(world.me, endpoint.address)
  if not path then
    return
  end
  world.clock:after(endpoint.gap, knock, world, number, endpoint)
  endpoint.gap = endpoint.gap * 2
  world:meet(path.legs[1])
  world.net:note_packet(world.me, path.legs[1].from.link, endpoint.target, "SYN")
  routes.send(world.net, path, false, function()
    local host = path.legs[#path.legs].to.host
    local is_open = host.tcp[endpoint.port]
    routes.send(world.net, path, true, function()
      if is_open then
        return succeed(world, number)
      end
      world:complete(number, nil, endpoint.target .. ": connection refused", "ECONNREFUSED")
    end)
  end)
end

local function fail_after(world, number, ms, text, code)
  world.operations[number].event = world.clock:after(ms, function()
    world:complete(number, nil, text, code)
  end)
end

local function endpoint_of(target)
  local parsed = core.address.parse(target)
  if not parsed or not parsed.port then
    return nil
  end
  return { address = parsed.address, port = parsed.port, target = target, gap = FIRST_GAP }
end

--- Connects to a port of a host, "192.0.2.2:22".
---@return integer operation
function streams:connect(waiter, target)
  local number, endpoint = self:new_operation(waiter), endpoint_of(target)
  if not endpoint then
    fail_after(self, number, 0, target .. ": nobody listens", "ENOENT")
    return number
  end
  local path, code = routes.to(self.me, endpoint.address)
  if not path then
    fail_after(self, number, 0, target .. ": network is unreachable", code)
    return number
  end
  local first = path.legs[1]
  if not routes.is_open { legs = { first }, is_complete = true } then
    local ms = math.min(GIVEN_UP, self:patience_with(first))
    fail_after(self, number, ms, target .. ": no route to host", "EHOSTUNREACH")
  else
    fail_after(self, number, GIVEN_UP, target .. ": connection timed out", "ETIMEDOUT")
  end
  self.clock:after(0, knock, self, number, endpoint)
  return number
end

return streams
