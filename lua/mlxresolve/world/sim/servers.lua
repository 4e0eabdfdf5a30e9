--- A DNS server in a simulated network: one that answers, and all the ways in which one does not.

local core = require("mlxresolve.core")

local DELAY = 1 -- ms
local TCP_DELAY = 2 -- ms more, for the connection
local CONFUSING = 8 -- further forged replies

local servers = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.server", __index = methods }

--- What a server may do: "answer"; "stall": nothing; "truncate": over UDP, so that it has to be
--- asked over TCP; "refuse": rcode REFUSED; "fail": SERVFAIL; "deaf": the port is closed;
--- "forged": it answers, but somebody else is quicker, who guesses IDs, ports and names.
servers.modes = { "answer", "stall", "truncate", "refuse", "fail", "deaf", "forged" }

---@class mlxresolve.SimServer
---@field mode string
---@field records table<string, string[]>  canonical name → addresses
---@field ttl integer
---@field delay number  ms
---@param net table
---@param truth table|false  told what the server's names have
---@param fields { records: table<string, string[]>, mode: string?, ttl: integer?, delay: number? }
---@return mlxresolve.SimServer
function servers.new(net, truth, fields)
  local self = setmetatable({
    net = net,
    truth = truth,
    mode = fields.mode or "answer",
    ttl = fields.ttl or 60,
    delay = fields.delay or DELAY,
    records = {},
    asked = 0,
  }, mt)
  self:set_records(fields.records)
  return self
end

--- The server's names have these addresses from now on; others of its names are left alone.
---@param records table<string, string[]>
function methods:set_records(records)
  for name, addresses in pairs(records) do
    local canonical = assert(core.name.canonical(name))
    self.records[canonical] = addresses
    if self.truth then
      self.truth:set(canonical, self, addresses)
    end
  end
end

local function of_type(addresses, type)
  local list = {}
  for _, address in ipairs(addresses) do
    if (address:find(":", 1, true) ~= nil) == (type == "AAAA") then
      list[#list + 1] = address
    end
  end
  return list
end

--- The message that answers a question.
local function answer(self, query, addresses)
  local question = query.questions[1]
  local message = {
    id = query.id,
    response = true,
    recursion_desired = query.recursion_desired,
    recursion_available = true,
    rcode = addresses and 0 or 3,
    questions = { question },
    answers = {},
  }
  local is_address = question.type == "A" or question.type == "AAAA"
  for i, address in ipairs(addresses and is_address and of_type(addresses, question.type) or {}) do
    message.answers[i] =
      { name = question.name, type = question.type, ttl = self.ttl, data = address }
  end
  return message
end

local LIE = { A = "203.0.113.66", AAAA = "2001:db8:bad::66" }

-- What an attacker who does not see the question can send: each reply has one thing wrong.
local function forge(self, query, reply)
  local question = query.questions[1]
  local lie = answer(self, query, { LIE.A, LIE.AAAA })
  local right_id, chance = query.id, self.net.chance
  for _ = 1, CONFUSING do
    lie.id = (right_id + chance:draw(65535)) % 65536
    reply(core.wire.encode(lie))
  end
  lie.id = right_id
  reply(core.wire.encode(lie), "203.0.113.53:53")
  lie.questions = { { name = "not-" .. question.name, type = question.type } }
  reply(core.wire.encode(lie))
end

local modes = {}

function modes.answer(self, query, _, reply)
  reply(core.wire.encode(answer(self, query, self.records[query.questions[1].name])))
end

function modes.stall() end

function modes.truncate(self, query, is_tcp, reply)
  if is_tcp then
    return modes.answer(self, query, is_tcp, reply)
  end
  local message = answer(self, query, {})
  message.truncated = true
  reply(core.wire.encode(message))
end

local function with_rcode(rcode)
  return function(self, query, _, reply)
    local message = answer(self, query, {})
    message.rcode = rcode
    reply(core.wire.encode(message))
  end
end

modes.refuse, modes.fail = with_rcode(5), with_rcode(2)

function modes.deaf(_, _, _, _, refuse)
  refuse()
end

function modes.forged(self, query, is_tcp, reply)
  if not is_tcp then
    forge(self, query, reply)
  end
  self.net.clock:after(DELAY, function()
    modes.answer(self, query, is_tcp, reply)
  end)
end

--- A query arrived.
---@param packet string
---@param is_tcp boolean
---@param reply fun(packet: string, from: string?)
---@param refuse fun()
function methods:ask(packet, is_tcp, reply, refuse)
  local query = core.wire.decode(packet)
  if not query or #query.questions ~= 1 then
    return
  end
  self.asked = self.asked + 1
  self.net.clock:after(self.delay + (is_tcp and TCP_DELAY or 0), function()
    modes[self.mode](self, query, is_tcp, reply, refuse)
  end)
end

return servers
