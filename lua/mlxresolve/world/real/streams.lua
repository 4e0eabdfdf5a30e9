--- Byte streams of the real world: TCP and Unix sockets, through luv.

local core = require("mlxresolve.core")
local uv = require("luv")

local BUFFERED = 256 * 1024 -- bytes read ahead of the reader; then the peer has to wait

local streams = {}

local stream_methods = {}
local stream_mt = { __name = "mlxresolve.world.stream", __index = stream_methods }

local function fail(target, problem)
  local code = tostring(problem):match("^(E%u+)") or "EIO"
  return nil, ("%s: %s"):format(target, tostring(problem):gsub("^E%u+: ", "")), code
end

--- Hands what has arrived to the task that reads.
local function feed(self)
  local operation = self.reading
  if not operation then
    return
  end
  local waiter = self.world.reads[operation]
  if self.failure then
    self.reading, self.world.reads[operation] = false, nil
    waiter.waiter:wake(fail(self.target, self.failure))
  elseif #self.chunks > 0 or self.is_ended then
    local data = table.concat(self.chunks)
    self.chunks, self.size = {}, 0
    self.reading, self.world.reads[operation] = false, nil
    if self.is_paused then
      self.is_paused = false
      self:start()
    end
    waiter.waiter:wake(data)
  end
end

function stream_methods:start()
  self.handle:read_start(function(problem, data)
    if problem then
      self.failure = problem
    elseif data then
      self.chunks[#self.chunks + 1] = data
      self.size = self.size + #data
      if self.size > BUFFERED then
        self.is_paused = true
        self.handle:read_stop()
      end
    else
      self.is_ended = true
    end
    feed(self)
    self.world:turn()
  end)
end

--- Wakes with the next bytes, "" at the end, or nil, message, code.
---@return integer operation
function stream_methods:read(waiter)
  local world = self.world
  world.last_read = world.last_read + 1
  self.reading = world.last_read
  world.reads[self.reading] = { waiter = waiter, stream = self }
  if #self.chunks > 0 or self.is_ended or self.failure then
    -- nobody is woken before this function has returned
    local operation = self.reading
    world.host:after(0, function()
      if self.reading == operation then
        feed(self)
      end
    end)
  end
  return self.reading
end

function stream_methods:write(data)
  if self.is_closed then
    return
  end
  self.handle:write(data, function(problem)
    if problem and not self.is_closed then
      self.failure = self.failure or problem
      feed(self)
      self.world:turn()
    end
  end)
end

function stream_methods:close()
  if self.is_closed then
    return
  end
  self.is_closed = true
  self.world.open_streams[self] = nil
  self.handle:close()
end

--- Connects to "192.0.2.1:22", "[::1]:22" or a path that begins with "/".
---@return integer|nil operation, string? message, string? code
function streams:connect(waiter, target)
  self.connects = self.connects or {}
  self.reads, self.last_read = self.reads or {}, self.last_read or 0
  self.open_streams = self.open_streams or {}
  local operation = (self.last_connect or 0) + 1
  self.last_connect = operation
  local is_path = target:sub(1, 1) == "/"
  local parsed, _, code
  if not is_path then
    parsed, _, code = core.address.parse(target)
    if not parsed or not parsed.port then
      local form = "%s: expected an address with a port, such as 192.0.2.1:22"
      return nil, form:format(target), code or "EINVAL"
    end
  end
  local handle = is_path and uv.new_pipe(false) or uv.new_tcp()
  self.connects[operation] = handle
  local function on_connect(problem)
    if self.connects[operation] ~= handle then
      return
    end
    self.connects[operation] = nil
    if problem then
      handle:close()
      waiter:wake(fail(target, problem))
    else
      local stream = setmetatable({
        world = self,
        handle = handle,
        target = target,
        chunks = {},
        size = 0,
        reading = false,
        failure = false,
        is_ended = false,
        is_paused = false,
        is_closed = false,
      }, stream_mt)
      self.open_streams[stream] = true
      stream:start()
      waiter:wake(stream)
    end
    self:turn()
  end
  local started, problem
  if is_path then
    started, problem = handle:connect(target, on_connect)
  else
    started, problem = handle:connect(parsed.address, parsed.port, on_connect)
  end
  if not started then
    self.connects[operation] = nil
    handle:close()
    return fail(target, problem)
  end
  return operation
end

-- Timers call with the time as well, which luv would take for a callback.
local function close(handle)
  handle:close()
end

function streams:cancel_connect(operation)
  local handle = self.connects[operation]
  if handle then
    self.connects[operation] = nil
    -- within the loop, see `close` in real.lua
    self.host:after(0, close, handle)
  end
end

function streams:cancel_read(operation)
  local read = self.reads[operation]
  if read then
    self.reads[operation] = nil
    read.stream.reading = false
  end
end

--- Closes what is still open.
function streams:close_streams()
  for _, handle in pairs(self.connects or {}) do
    handle:close()
  end
  self.connects = {}
  for stream in pairs(self.open_streams or {}) do
    stream:close()
  end
end

return streams
