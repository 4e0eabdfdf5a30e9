--- Replies of the control API that do not end: a JSON object a line, to clients that stay.
---
--- An empty line goes out every few seconds: who is gone is noticed, on either side. A client that
--- does not take what it is sent is dropped; when it comes back it is told what there is by then.

local json = require("mlxresolve.json")

-- Fewer than the server has connections: short requests are answered whatever watches.
local MOST = 32
local KEEP_ALIVE = 5000 -- ms

local Stream = { __name = "mlxresolve.Stream" }
Stream.__index = Stream

---@class mlxresolve.Streams
---@field count integer
local Streams = { __name = "mlxresolve.Streams" }
Streams.__index = Streams

local streams = {}

---@param world mlxresolve.World
---@param scheduler mlxresolve.Scheduler
---@return mlxresolve.Streams
function streams.new(world, scheduler)
  return setmetatable({
    world = world,
    scheduler = scheduler,
    by_slot = {},
    count = 0,
    dropped = 0,
    timer = false,
  }, Streams)
end

local function keep_alive(self)
  self.timer = false
  for _, stream in pairs(self.by_slot) do
    stream:write("\n")
  end
  if self.count > 0 then
    self.timer = self.scheduler:after(KEEP_ALIVE, keep_alive, self)
  end
end

--- Begins to reply with a stream. `on_end` is called once, whoever ends it.
---@param server mlxresolve.Http
---@param slot integer
---@param on_end fun()
---@return mlxresolve.ControlStream|nil, table? refusal
function Streams:open(server, slot, on_end)
  if self.count >= MOST then
    local text = ("%d clients are watching already, and there may be no more"):format(MOST)
    return nil, { status = 429, code = "EBUSY", error = text }
  end
  local ok, message, code = server:stream(slot, 200, "application/x-ndjson")
  if not ok then
    return nil, { status = 500, code = code, error = message }
  end
  local stream =
    setmetatable({ streams = self, server = server, slot = slot, on_end = on_end }, Stream)
  self.by_slot[slot] = stream
  self.count = self.count + 1
  self.timer = self.timer or self.scheduler:after(KEEP_ALIVE, keep_alive, self)
  return stream
end

local function forget(stream)
  local self = stream.streams
  if self.by_slot[stream.slot] ~= stream then
    return false
  end
  self.by_slot[stream.slot] = nil
  self.count = self.count - 1
  if self.count == 0 and self.timer then
    self.scheduler:stop(self.timer)
    self.timer = false
  end
  stream.on_end()
  return true
end

--- The client of a slot has gone.
---@param slot integer
function Streams:left(slot)
  local stream = self.by_slot[slot]
  if stream then
    forget(stream)
  end
end

--- Ends all of them in good order.
function Streams:close()
  for _, stream in pairs(self.by_slot) do
    self.by_slot[stream.slot] = nil
    self.count = self.count - 1
    stream.server:finish(stream.slot)
    stream.on_end()
  end
  if self.timer then
    self.scheduler:stop(self.timer)
    self.timer = false
  end
end

---@class mlxresolve.ControlStream
---@field send fun(self, value: table): boolean

--- Sends a line. False when the stream is over, by this or before.
---@param value table
---@return boolean
function Stream:send(value)
  return self:write(json.encode(value) .. "\n")
end

---@param text string
---@return boolean
function Stream:write(text)
  local self_streams = self.streams
  if self_streams.by_slot[self.slot] ~= self then
    return false
  end
  local ok, _, code = self.server:write(self.slot, text)
  if ok then
    return true
  end
  if forget(self) and code ~= "EPIPE" then
    self_streams.dropped = self_streams.dropped + 1
    self_streams.world:log("warn", "control: a client does not read what it watches: dropped")
    self.server:drop(self.slot)
  end
  return false
end

return streams
