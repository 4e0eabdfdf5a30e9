--- Sockets and streams for tasks: the world's callbacks as waits.

local QUEUE = 64 -- datagrams kept for a reader that is busy; more are dropped, as a kernel would

local sockets = {}

---------------------------------------------------------------- datagrams

local udp_methods = {}
local udp_mt = { __name = "mlxresolve.udp", __index = udp_methods }

--- Opens a datagram socket (options as core.udp.open).
---@return table|nil socket, string? message, string? code
function sockets.udp(scheduler, world, options)
  local self = setmetatable({ scheduler = scheduler, queue = {}, reader = false }, udp_mt)
  local socket, message, code = world:udp(options, function(...)
    local reader = self.reader
    if #self.queue < QUEUE then
      self.queue[#self.queue + 1] = { ... }
    end
    if reader then
      self.reader = false
      reader:wake()
    end
  end)
  if not socket then
    return nil, message, code
  end
  self.socket = socket
  return self
end

local function forget_reader(self)
  self.reader = false
end

--- Waits for a datagram: data, from, port, interface, to, hops; or nil, message, "ETIMEOUT".
---@param timeout number?  ms
function udp_methods:receive(timeout)
  local scheduler = self.scheduler
  local till = timeout and scheduler:now() + timeout
  while #self.queue == 0 do
    if till and scheduler:now() >= till then
      return nil, "no datagram in time", "ETIMEOUT"
    end
    self.reader = scheduler.running
    scheduler:wait(forget_reader, self, false, till)
  end
  return unpack(table.remove(self.queue, 1), 1, 6)
end

function udp_methods:send(packet, to, interface)
  return self.socket:send(packet, to, interface)
end

function udp_methods:join(group, interface)
  return self.socket:join(group, interface)
end

function udp_methods:leave(group, interface)
  return self.socket:leave(group, interface)
end

function udp_methods:address()
  return self.socket:address()
end

function udp_methods:close()
  self.is_closed = true
  self.socket:close()
end

---------------------------------------------------------------- streams

local stream_methods = {}
local stream_mt = { __name = "mlxresolve.stream", __index = stream_methods }

local function cancel_connect(world, operation)
  world:cancel("connect", operation)
end

local function cancel_read(world, operation)
  world:cancel("read", operation)
end

--- Connects to "192.0.2.1:22", "[::1]:22" or "/run/socket".
---@return table|nil stream, string? message, string? code
function sockets.connect(scheduler, world, target)
  local operation, problem, problem_code = world:connect(scheduler.running, target)
  if not operation then
    return nil, problem, problem_code
  end
  local stream, message, code = scheduler:wait(cancel_connect, world, operation)
  if not stream then
    return nil, message, code
  end
  return setmetatable({ scheduler = scheduler, world = world, stream = stream }, stream_mt)
end

--- Waits for the next bytes; "" at the end; nil, message, code.
---@return string|nil, string? message, string? code
function stream_methods:read()
  local operation = self.stream:read(self.scheduler.running)
  return self.scheduler:wait(cancel_read, self.world, operation)
end

function stream_methods:write(data)
  self.stream:write(data)
end

function stream_methods:close()
  self.is_closed = true
  self.stream:close()
end

return sockets
