--- DNS servers on loopback inside the spec's own process, and a client that drives
--- `core.upstream` on the same loop.
---
---   local server = dns_server.udp(function(query, peer)        -- peer: { ip =, port = }
---     server:send(reply.to(query, { address = "192.0.2.1" }), peer)
---   end)
---   local client = dns_server.client()
---   local result = client:ask(server, "a.test")               -- waits for the result
---   client:close() server:close()

local core = require("mlxresolve.core")
local uv = require("luv")

local reply = require("support.reply")

local LOOPBACK = "127.0.0.1"
local STRIDE = 6

local dns_server = {}

local function close(handle)
  if handle and not handle:is_closing() then
    handle:close()
  end
end

---------------------------------------------------------------- servers

local udp = { __name = "support.dns_server.udp" }
udp.__index = udp

--- A datagram server; every query is in `queries`, with `query`, `port` and `at` (ms).
---@param on_query fun(query: string, peer: table, self: table)
---@param port integer?
---@param ip string?
function dns_server.udp(on_query, port, ip)
  local self = setmetatable({ queries = {}, ip = ip or LOOPBACK }, udp)
  self._handle = uv.new_udp()
  assert(self._handle:bind(self.ip, port or 0))
  self.port = self._handle:getsockname().port
  self.address = (self.ip:find(":") and "[%s]:%d" or "%s:%d"):format(self.ip, self.port)
  self._handle:recv_start(function(_, query, peer)
    if query then
      self.queries[#self.queries + 1] = { query = query, port = peer.port, at = core.now() }
      on_query(query, peer, self)
    end
  end)
  return self
end

--- What comes too late, after the server was closed, is dropped.
function udp:send(packet, peer)
  if not self._handle:is_closing() then
    self._handle:try_send(packet, peer.ip, peer.port)
  end
end

--- How many different values `key` takes among the queries.
function udp:distinct(key)
  local seen, count = {}, 0
  for _, query in ipairs(self.queries) do
    local value = key(query)
    count = count + (seen[value] and 0 or 1)
    seen[value] = true
  end
  return count
end

function udp:close()
  close(self._handle)
end

-- Who answers on a connection that was closed meanwhile is not to end with it.
local pipes = uv.new_signal()
pipes:start("sigpipe", function() end)
pipes:unref()

local tcp = { __name = "support.dns_server.tcp" }
tcp.__index = tcp

--- A stream server. `on_bytes(bytes, stream)` sees all that came on a connection so far, without
--- the first so many bytes that it returned;
--- `on_connect(stream)` may be given instead.
---@param port integer
---@param handlers { on_bytes: function?, on_connect: function? }
---@param ip string?
function dns_server.tcp(port, handlers, ip)
  local self = setmetatable({ connections = 0, _streams = {} }, tcp)
  self._handle = uv.new_tcp()
  assert(self._handle:bind(ip or LOOPBACK, port))
  self.port = self._handle:getsockname().port
  self.address = ("%s:%d"):format(ip or LOOPBACK, self.port)
  self._handle:listen(512, function()
    local stream, got = uv.new_tcp(), ""
    self._handle:accept(stream)
    self.connections = self.connections + 1
    self._streams[#self._streams + 1] = stream
    if handlers.on_connect then
      return handlers.on_connect(stream)
    end
    stream:read_start(function(_, bytes)
      if bytes then
        got = got .. bytes
        local used = handlers.on_bytes(got, stream)
        got = got:sub((used or 0) + 1)
      else
        close(stream)
      end
    end)
  end)
  return self
end

--- The same port for datagrams and streams.
function dns_server.both(on_query, handlers)
  for _ = 1, 20 do
    local server = dns_server.udp(on_query)
    local ok, stream_server = pcall(dns_server.tcp, server.port, handlers)
    if ok then
      return server, stream_server
    end
    server:close()
  end
  error("no port is free for both UDP and TCP")
end

--- A handler that answers whole framed queries; with nothing made it leaves one out.
function dns_server.framed(make)
  return function(bytes, stream)
    local used = 0
    while #bytes >= used + 2 and not stream:is_closing() do
      local size = reply.read_u16(bytes, used + 1)
      if #bytes < used + 2 + size then
        break
      end
      local packet = make(bytes:sub(used + 3, used + 2 + size), stream)
      if packet then
        stream:write(reply.u16(#packet) .. packet)
      end
      used = used + 2 + size
    end
    return used
  end
end

function tcp:close()
  close(self._handle)
  for _, stream in ipairs(self._streams) do
    close(stream)
  end
end

--- Calls back later; for servers that take their time.
function dns_server.after(ms, callback)
  local timer = uv.new_timer()
  timer:start(ms, 0, function()
    timer:close()
    callback()
  end)
end

--- A port on which nobody listens.
function dns_server.closed_port()
  local server = dns_server.udp(function() end)
  server:close()
  uv.run("nowait")
  return server.address
end

---------------------------------------------------------------- the client

local client = { __name = "support.dns_server.client" }
client.__index = client

local function rearm(self, deadline)
  if deadline then
    self._timer:start(math.max(0, math.ceil(deadline - self.now())), 0, self._on_time)
  else
    self._timer:stop()
  end
end

local function step(self)
  local batch = self._batch
  local items, deadline = assert(self.upstream:step(self.now(), batch))
  for i = 0, items - 1 do
    local at = i * STRIDE
    self.results[batch[at + 1]] = {
      status = batch[at + 2],
      answer = batch[at + 3],
      ttl = batch[at + 4], -- or the error's code
      rcode = batch[at + 5],
      ms = batch[at + 6],
      at = core.now(),
    }
    self.count = self.count + 1
  end
  rearm(self, deadline)
end

---@param options table?  of core.upstream.open
---@param now (fun(): number)?  the pool's clock, ms; the machine's when absent
function dns_server.client(options, now)
  local self = setmetatable({ results = {}, count = 0, now = now or core.now, _batch = {} }, client)
  self.upstream = assert(core.upstream.open(options))
  self._timer = uv.new_timer()
  self._poll = uv.new_poll(self.upstream:fd())
  self._on_time = function()
    step(self)
  end
  self._poll:start("r", self._on_time)
  return self
end

--- Asks without waiting or sending: the slot, or nil, message, code.
function client:start(server, name, options)
  options = options or {}
  local number = assert(self.upstream:server(server.address or server))
  local timeout, flags = options.timeout or 1000, options.flags
  local slot, message, code =
    self.upstream:ask(number, name, options.type or 1, timeout, self.now(), flags)
  if slot then
    self.results[slot] = nil
  end
  return slot, message, code
end

function client:flush()
  rearm(self, self.upstream:flush(self.now()))
end

--- Runs the loop until `is_done()` or, at most, for `ms`.
function client:run(is_done, ms)
  self:flush()
  local give_up = core.now() + ms
  local alarm = uv.new_timer()
  alarm:start(ms, 5, function() end) -- the loop's clock may be a little behind
  while not is_done() and core.now() < give_up do
    uv.run("once")
  end
  alarm:close()
  return is_done()
end

--- Asks and waits: the result, whose `ttl` is the code when `status` is negative.
function client:ask(server, name, options)
  local slot = assert(self:start(server, name, options))
  local result = self:run(function()
    return self.results[slot]
  end, 5000)
  return assert(result, "no result within five seconds")
end

function client:close()
  close(self._poll)
  close(self._timer)
  self.upstream:close()
  uv.run("nowait")
end

return dns_server
