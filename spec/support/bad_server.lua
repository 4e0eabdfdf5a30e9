--- A DNS server that behaves as the first label of a name says, run as a program on a host of a
--- test network: `luajit spec/support/bad_server.lua ADDRESS PORT`. Every question and every
--- connection is a line of what it prints.
---
---   slow…      answers after 400 ms       rubbish…    bytes that are no message
---   silent…    does not answer            stranger…   the answer to another question
---   servfail…  SERVFAIL                   forged…     an answer with another ID
---   cut…       says that the answer is cut, and closes every connection
---   others     answers 192.0.2.53

local reply = require("support.reply")
local uv = require("luv")

local SLOW_MS = 400
local ADDRESS = "192.0.2.53"

local function name_of(question)
  local labels, at = {}, 1
  while question:byte(at) ~= 0 do
    labels[#labels + 1] = question:sub(at + 1, at + question:byte(at))
    at = at + question:byte(at) + 1
  end
  return table.concat(labels, "."):lower()
end

local behaviours = {
  slow = function(query, send)
    local timer = uv.new_timer()
    timer:start(SLOW_MS, 0, function()
      timer:close()
      send(reply.to(query, { address = ADDRESS }))
    end)
  end,
  silent = function() end,
  servfail = function(query, send)
    send(reply.to(query, { rcode = reply.SERVFAIL }))
  end,
  rubbish = function(query, send)
    send(query:sub(1, 2) .. ("\255"):rep(200))
  end,
  stranger = function(query, send)
    send(reply.to(query, { address = ADDRESS, question = reply.name("other.test") .. "\0\1\0\1" }))
  end,
  forged = function(query, send)
    local id = (reply.read_u16(query, 1) + 1) % 65536
    send(reply.to(query, { address = ADDRESS, id = id }))
  end,
  cut = function(query, send)
    send(reply.to(query, { truncated = true }))
  end,
}

local function usual(query, send)
  send(reply.to(query, { address = ADDRESS }))
end

local function serve(ip, port)
  local udp = uv.new_udp()
  assert(udp:bind(ip, port))
  udp:recv_start(function(_, query, peer)
    if not query then
      return
    end
    local name = name_of(reply.question_of(query))
    io.stdout:write("question " .. name .. "\n")
    local behave = behaviours[name:match("^%a+")] or usual
    behave(query, function(packet)
      udp:send(packet, peer.ip, peer.port)
    end)
  end)
  local tcp = uv.new_tcp()
  assert(tcp:bind(ip, port))
  assert(tcp:listen(16, function()
    local stream = uv.new_tcp()
    tcp:accept(stream)
    io.stdout:write("connection\n")
    stream:close()
  end))
end

io.stdout:setvbuf("no")
serve(arg[1], tonumber(arg[2]))
print("ready")
uv.run()
