--- Asks one name many times at once, run as a program on a host of a test network:
--- `luajit spec/support/questions.lua ENDPOINT NAME COUNT SECONDS`. Prints how many replies came,
--- and each different outcome once.

local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")

local SOCKETS = 20

local endpoint, name, count, seconds = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local sockets, replies, outcomes = {}, 0, {}
for i = 1, SOCKETS do
  sockets[i] = dns_client.udp(endpoint)
end
for id = 1, count do
  local question = { id = id, recursion_desired = true }
  question.questions = { { name = name, type = "A", class = "IN" } }
  sockets[id % SOCKETS + 1]:send(core.wire.encode(question))
end

local function outcome(packet)
  local message = core.wire.decode(packet)
  local data = {}
  for i, record in ipairs(message.answers) do
    data[i] = record.data
  end
  return #data > 0 and table.concat(data, " ") or "rcode " .. tostring(message.rcode)
end

dns_client.wait(function()
  for _, socket in ipairs(sockets) do
    for _, packet in ipairs(socket.arrived) do
      replies = replies + 1
      outcomes[outcome(packet)] = true
    end
    socket.arrived = {}
  end
  return replies == count
end, seconds)
print(replies .. " replies")
for text in pairs(outcomes) do
  print(text)
end
