--- Hostile input for a daemon, run as a program on a host of a test network:
---
---   luajit spec/support/attack.lua KIND TARGET COUNT [SEED]
---
---   datagrams  ADDRESS:PORT  mutated packets of the fuzz corpora; replies are read and forgotten
---   streams    ADDRESS:PORT  connections with mutated, cut, endless and empty messages
---   control    PATH          half requests, no requests, huge ones, on a Unix socket
---   questions  ADDRESS:PORT  good ones, for names that only this knows:
---   upstream   ADDRESS:PORT  is a DNS server whose answers are mutated ones, until it is ended
---
--- The same seed makes the same input. Prints `done` at its end, `ready` when it serves.

local uv = require("luv")

local reply = require("support.reply")

local BURST, PAUSE_MS = 64, 2
local CONNECTIONS = 40

local kind, target, count, seed = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4] or "1")
local ip, port = target:match("^(.-):(%d+)$")
port = tonumber(port)
math.randomseed(seed)
local random = math.random

local corpus = {}
local list =
  io.popen("ls core/fuzz/corpus/wire/* core/fuzz/corpus/request/* core/fuzz/corpus/answer/*")
for path in list:lines() do
  local file = assert(io.open(path, "rb"))
  corpus[#corpus + 1] = file:read("*a"):sub(1, 2000)
  file:close()
end
list:close()
assert(#corpus > 50, "the corpora are not where they were")

local function noise(length)
  local bytes = {}
  for i = 1, length do
    bytes[i] = string.char(random(0, 255))
  end
  return table.concat(bytes)
end

local mutations = {
  function(packet) -- a byte becomes another
    local at = random(#packet)
    return packet:sub(1, at - 1) .. noise(1) .. packet:sub(at + 1)
  end,
  function(packet) -- cut
    return packet:sub(1, random(0, #packet))
  end,
  function(packet) -- goes on and on
    return packet .. noise(random(100))
  end,
  function(packet) -- two in one
    local other = corpus[random(#corpus)]
    return packet:sub(1, random(#packet)) .. other:sub(random(#other))
  end,
  function(packet) -- counts that lie
    return packet:sub(1, 4) .. noise(8) .. packet:sub(13)
  end,
  function(packet) -- a query like any other, but for what follows the header
    return packet:sub(1, 2) .. "\1\0\0\1\0\0\0\0\0\1" .. packet:sub(13)
  end,
  function() -- a name of its own, to fill caches
    local label = ("n%d"):format(random(1e6))
    return noise(2) .. "\1\0\0\1\0\0\0\0\0\0" .. string.char(#label) .. label .. "\4test\0\0\1\0\1"
  end,
}

local function mutated()
  local packet = corpus[random(#corpus)]
  for _ = 1, random(3) do
    if #packet > 12 then
      packet = mutations[random(#mutations)](packet)
    end
  end
  return packet
end

local function rest(ms)
  local timer = uv.new_timer()
  timer:start(ms, 0, function()
    timer:close()
    uv.stop()
  end)
  uv.run()
end

local kinds = {}

function kinds.datagrams()
  local socket = uv.new_udp()
  socket:bind(ip == "224.0.0.251" and "0.0.0.0" or "127.0.0.1", 0)
  socket:recv_start(function() end)
  for i = 1, count do
    socket:try_send(mutated(), ip, port)
    if i % BURST == 0 then
      rest(PAUSE_MS)
    end
  end
  socket:close()
  rest(1)
end

--- Good questions for names that only the server of `upstream` knows.
function kinds.questions()
  local socket, replies = uv.new_udp(), 0
  socket:recv_start(function(_, packet)
    replies = replies + (packet and 1 or 0)
  end)
  for i = 1, count do
    local label = ("n%d"):format(seed * 100000 + i)
    socket:try_send(
      reply.u16(i) .. "\1\0\0\1\0\0\0\0\0\0" .. reply.name(label .. ".hostile.test") .. "\0\1\0\1",
      ip,
      port
    )
    local patience = 200
    while (i % BURST == 0 or i == count) and replies < i and patience > 0 do
      rest(10)
      patience = patience - 1
    end
  end
  socket:close()
  rest(1)
  assert(replies == count, ("%d of %d questions were answered"):format(replies, count))
end

local function framed(packet)
  return reply.u16(#packet) .. packet
end

local shapes = {
  function()
    return noise(random(3000))
  end,
  function() -- a promise that is not kept
    return "\255\255" .. mutated()
  end,
  function()
    return "\0\0\0\0\0\0"
  end,
  function()
    return framed(mutated()):sub(1, -2)
  end,
  function() -- many at once, whose answers are not read
    local parts = {}
    for i = 1, 100 do
      parts[i] = framed(mutated())
    end
    return table.concat(parts)
  end,
}

--- Connections that are made, used badly and dropped; `write(stream)` uses one.
local function connections(connect, write)
  local open = {}
  for i = 1, count do
    local stream
    stream = connect(function(problem)
      if not problem and not stream:is_closing() then
        write(stream)
      end
    end)
    open[#open + 1] = stream
    if #open > CONNECTIONS or i == count then
      rest(20)
      for _, old in ipairs(open) do
        old:close()
      end
      open = {}
      rest(1)
    end
  end
end

function kinds.streams()
  connections(function(on_connect)
    local stream = uv.new_tcp()
    stream:connect(ip, port, on_connect)
    return stream
  end, function(stream)
    stream:try_write(shapes[random(#shapes)]())
    if random(3) == 1 then
      stream:shutdown()
    end
  end)
end

local requests = {
  function()
    return "GET /v1/query?name=" .. noise(20)
  end,
  function()
    return "GET /v1/query?name=" .. ("%2e%00a"):rep(200) .. " HTTP/1.1\r\nHost: x\r\n\r\n"
  end,
  function()
    return noise(500)
  end,
  function()
    return "POST /v1/cache/flush HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n{"
  end,
  function()
    return "POST /v1/cache/flush HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}"
  end,
  function()
    return "POST /v1/cache/flush HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
  end,
  function()
    local deep = ("["):rep(5000)
    return ("POST /v1/cache/flush HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"):format(
      #deep,
      deep
    )
  end,
  function()
    return "GET /v1/status HTTP/1.1\r\n" .. ("X-Header: " .. ("y"):rep(200) .. "\r\n"):rep(200)
  end,
  function()
    return "BREW /v1/" .. ("../"):rep(100) .. " HTTP/9.9\r\n\r\n"
  end,
  function()
    return ("GET /v1/trace?limit=%s HTTP/1.1\r\nHost: x\r\n\r\n"):format(
      ({ "-1", "1e999", "nan", "", ("9"):rep(400) })[random(5)]
    )
  end,
  function()
    return ""
  end,
}

function kinds.control()
  connections(function(on_connect)
    local stream = uv.new_pipe(false)
    stream:connect(target, on_connect)
    return stream
  end, function(stream)
    stream:try_write(requests[random(#requests)]())
  end)
end

function kinds.upstream()
  local socket = uv.new_udp()
  assert(socket:bind(ip, port))
  socket:recv_start(function(_, query, peer)
    if not query then
      return
    end
    local question = reply.question_of(query)
    local body = mutated():sub(5)
    if random(2) == 1 then -- the right question before whatever else
      body = "\0\1" .. body:sub(3, 8) .. question .. body:sub(9 + #question)
    end
    socket:try_send(query:sub(1, 2) .. "\129\128" .. body, peer.ip, peer.port)
  end)
  print("ready")
  io.stdout:flush()
  uv.run()
end

kinds[kind]()
print("done")
