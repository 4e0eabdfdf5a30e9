--- A DNS client for specs: sockets of luv that are waited for by running its loop.
---
---   local socket = dns_client.udp "127.0.0.1:5453"
---   socket:send(packet)
---   local reply = socket:receive()          -- nil after a second
---   local stream = dns_client.tcp "127.0.0.1:5453"
---   stream:ask(packet)                      -- with its length in front
---   local reply = stream:receive()
---
--- `receive` and `wait` take a function that is called between rounds of the loop: what the
--- other side of the conversation needs, when it is in this process too.

local uv = require("luv")

-- Long, since other programs may want the machine; only what fails waits for it.
local PATIENCE, TICK_MS = 10, 2

local dns_client = {}

--- Runs the loop until `ready()` is true; false when that took longer than `seconds`.
---@param ready fun(): any
---@param seconds number?
---@param between fun()?
---@return any
function dns_client.wait(ready, seconds, between)
  local give_up = uv.hrtime() + (seconds or PATIENCE) * 1e9
  local timer = uv.new_timer()
  timer:start(TICK_MS, TICK_MS, function() end)
  local result = ready()
  while not result and uv.hrtime() < give_up do
    if between then
      between()
    end
    uv.run("once")
    result = ready()
  end
  timer:close()
  uv.run("nowait")
  return result
end

local function parse(endpoint)
  local host, port = endpoint:match("^%[?([%x.:%%%w]-)%]?:(%d+)$")
  return host, tonumber(port)
end

local udp = {}
local udp_mt = { __name = "support.dns_client.udp", __index = udp }

--- A socket connected to `endpoint`: replies from elsewhere never reach it.
---@param endpoint string
---@param from string?  local address
function dns_client.udp(endpoint, from)
  local host, port = parse(endpoint)
  local self = setmetatable({ handle = uv.new_udp(), arrived = {} }, udp_mt)
  if from then
    assert(self.handle:bind(from, 0))
  end
  assert(self.handle:connect(host, port))
  assert(self.handle:recv_start(function(_, data, address)
    if data and address then
      self.arrived[#self.arrived + 1] = data
    end
  end))
  return self
end

---@param packet string
function udp:send(packet)
  assert(self.handle:try_send(packet, nil, nil))
end

---@param seconds number?
---@param between fun()?
---@return string|nil
function udp:receive(seconds, between)
  dns_client.wait(function()
    return self.arrived[1]
  end, seconds, between)
  return table.remove(self.arrived, 1)
end

function udp:close()
  self.handle:close()
  uv.run("nowait")
end

local tcp = {}
local tcp_mt = { __name = "support.dns_client.tcp", __index = tcp }

---@param endpoint string
---@param between fun()?
function dns_client.tcp(endpoint, between)
  local host, port = parse(endpoint)
  local self = setmetatable({ handle = uv.new_tcp(), buffer = "", is_open = false }, tcp_mt)
  self.handle:connect(host, port, function(err)
    self.is_open, self.failed = not err, err
  end)
  dns_client.wait(function()
    return self.is_open or self.failed
  end, PATIENCE, between)
  assert(self.is_open, self.failed or "no connection")
  self.handle:nodelay(true)
  return self
end

--- From here on what arrives is read; a client that was never told to does not read.
function tcp:read()
  if self.is_reading then
    return
  end
  self.is_reading = true
  self.handle:read_start(function(err, data)
    if data then
      self.buffer = self.buffer .. data
    else
      self.is_closed, self.failed = true, err
    end
  end)
end

---@param bytes string
function tcp:write(bytes)
  self.handle:write(bytes, function() end)
end

--- Writes without the loop: the bytes are on their way when this returns.
---@param bytes string
function tcp:write_now(bytes)
  assert(self.handle:try_write(bytes) == #bytes)
end

---@param packet string
---@return string
function dns_client.framed(packet)
  return string.char(math.floor(#packet / 256), #packet % 256) .. packet
end

---@param packet string
function tcp:ask(packet)
  self:write(dns_client.framed(packet))
end

local function take_message(self)
  local high, low = self.buffer:byte(1, 2)
  if not low or #self.buffer < 2 + high * 256 + low then
    return nil
  end
  local packet = self.buffer:sub(3, 2 + high * 256 + low)
  self.buffer = self.buffer:sub(3 + high * 256 + low)
  return packet
end

---@param seconds number?
---@param between fun()?
---@return string|nil
function tcp:receive(seconds, between)
  local packet
  self:read()
  dns_client.wait(function()
    packet = take_message(self)
    return packet or self.is_closed
  end, seconds, between)
  return packet
end

--- Is the connection closed by the other side, now or within `seconds`?
---@param seconds number?
---@param between fun()?
---@return boolean
function tcp:is_ended(seconds, between)
  self:read()
  return dns_client.wait(function()
    return self.is_closed
  end, seconds, between) or false
end

--- Tells the other side that nothing more comes.
function tcp:finish()
  self.handle:shutdown(function() end)
end

function tcp:close()
  if not self.handle:is_closing() then
    self.handle:close()
  end
  uv.run("nowait")
end

return dns_client
