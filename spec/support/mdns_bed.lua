--- The mDNS engine on a virtual clock, on links where whoever the spec scripts answers.
---
---   local bed = require("support.mdns_bed").new()
---   bed:answer("mini2.local.", { { type = "A", data = "192.0.2.7" } })   -- after 1 ms
---   local result = bed:ask("mini2.local.", "A")
---   bed.world:settle()
---   assert.same({ "192.0.2.7" }, result.data)

local core = require("mlxresolve.core")
local engine = require("mlxresolve.mdns.engine")
local scheduler = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

local bed = {}
local methods = {}
local mt = { __name = "support.mdns_bed", __index = methods }

--- An interface as core.netif describes it: "eth0" is 2 with 192.0.2.1/24 and fe80::1/64.
---@param fields table?
---@return mlxresolve.Interface
function bed.interface(fields)
  local interface = {
    index = 2,
    name = "eth0",
    kind = "ethernet",
    up = true,
    multicast = true,
    point_to_point = false,
    mac = "02:00:00:00:00:01",
    mtu = 1500,
    addresses = {
      bed.address("192.0.2.1", 24),
      bed.address("fe80::1%eth0", 64),
    },
    gateways = {},
  }
  for key, value in pairs(fields or {}) do
    interface[key] = value
  end
  return interface
end

function bed.address(text, prefix)
  local family = text:find(":") and "ipv6" or "ipv4"
  return { address = text, family = family, prefix = prefix, temporary = false, tentative = false }
end

--- A second link, "wlan0": 3 with 198.51.100.1/24.
function bed.wifi()
  return bed.interface {
    index = 3,
    name = "wlan0",
    kind = "wifi",
    addresses = { bed.address("198.51.100.1", 24) },
  }
end

function bed.loopback()
  return bed.interface {
    index = 1,
    name = "lo",
    kind = "loopback",
    multicast = false,
    addresses = { bed.address("127.0.0.1", 8), bed.address("::1", 128) },
  }
end

---@param options { links: mlxresolve.Interface[]?, port_taken: boolean?, cache: table? }?
function bed.new(options)
  options = options or {}
  local world = virtual.new()
  world.links = options.links or { bed.loopback(), bed.interface() }
  if options.port_taken then
    function world.refuse_udp(socket)
      return socket.bind:find(":5353$") and not socket.share and "EADDRINUSE" or nil
    end
  end
  local s = scheduler.new(world)
  return setmetatable({
    world = world,
    scheduler = s,
    engine = engine.new { world = world, scheduler = s, cache = options.cache },
  }, mt)
end

--- The links of a world that has its resolver already.
function bed.attach(world, interfaces)
  world.links = interfaces or { bed.loopback(), bed.interface() }
  return setmetatable({ world = world }, mt)
end

--- Asks in a task of its own; the table is filled when the answer is there.
---@return { packet: string?, status: string?, data: string[]?, ttl: integer?, ms: number? }
function methods:ask(name, type, options)
  local result = {}
  local started = self.world:now()
  result.task = self.scheduler:spawn(function()
    local number = core.wire.type_number(type)
    local packet, status, ttl, interface = self.engine:ask(name, number, options)
    result.ms = self.world:now() - started
    if packet then
      result.packet, result.status, result.ttl, result.interface = packet, status, ttl, interface
      result.data = core.answer.data(packet)
    else
      result.message, result.code = status, ttl
    end
  end)
  return result
end

--- A response packet. Records need `type` and `data`; `name`, `ttl` (120) and `cache_flush`
--- (true) have defaults.
function bed.response(name, records, fields)
  local message = {
    response = true,
    authoritative = true,
    answers = {},
    additionals = {},
    questions = {},
  }
  for _, record in ipairs(records) do
    local section = record.additional and message.additionals or message.answers
    section[#section + 1] = {
      name = record.name or name,
      type = record.type,
      class = record.class or "IN",
      ttl = record.ttl or 120,
      data = record.data,
      cache_flush = record.cache_flush ~= false,
    }
  end
  for key, value in pairs(fields or {}) do
    message[key] = value
  end
  return assert(core.wire.encode(message, { mdns = true }))
end

local function sockets_for(world, at)
  local found = {}
  for socket in pairs(world.sockets) do
    local is_ipv6 = socket.options.bind:find("[", 1, true) ~= nil
    local family = (at.from or ""):find(":") ~= nil
    if is_ipv6 == family and (at.socket == socket or (not at.socket and socket.options.share)) then
      found[#found + 1] = socket
    end
  end
  return found
end

--- Delivers a packet. `at`: from (192.0.2.7), port, interface (2), to (the group), hops (255),
--- delay (ms), socket (the shared ones of the family when absent).
function methods:deliver(packet, at)
  at = at or {}
  at.from = at.from or "192.0.2.7"
  local group = at.from:find(":") and "ff02::fb" or "224.0.0.251"
  local to = at.to
  if to == nil then
    to = group
  end
  local targets = sockets_for(self.world, at)
  assert(#targets > 0, "no socket is open for this packet")
  for _, socket in ipairs(targets) do
    self.world:deliver(
      socket,
      at.delay or 0,
      packet,
      at.from,
      at.port or 5353,
      at.interface or 2,
      to,
      at.hops or 255
    )
  end
end

--- Scripts a host that answers IPv4 questions for a name, as they ask to be answered: by
--- unicast for QU and one-shot questions, else to the group.
---@param at table?  as for `deliver`, also `only` (interface index heard) and `fields`
function methods:answer(name, records, at)
  at = at or {}
  local previous = self.world.on_send
  function self.world.on_send(sent)
    if previous then
      previous(sent)
    end
    local is_heard = sent.to == "224.0.0.251:5353" and sent.interface == (at.interface or 2)
    local query = is_heard and core.wire.decode(sent.packet)
    for _, question in ipairs(query and query.questions or {}) do
      if question.name == name then
        local is_one_shot = not sent.socket.options.share
        local is_unicast = is_one_shot or question.unicast
        local fields = { id = is_one_shot and query.id or 0 }
        return self:deliver(bed.response(name, records, fields), {
          from = at.from,
          port = at.port,
          interface = at.interface,
          hops = at.hops,
          to = is_unicast and (at.here or "192.0.2.1") or nil,
          delay = at.delay or 1,
          socket = is_unicast and sent.socket or nil,
        })
      end
    end
  end
end

--- The questions sent so far, one line a packet: "4 2 QU A mini2.local. AAAA mini2.local."
--- (family, interface, form, types and names), with `at` in ms since the start.
function methods:questions()
  local lines = {}
  for i, sent in ipairs(self.world.sent) do
    local query = assert(core.wire.decode(sent.packet))
    local words = {}
    local first = query.questions[1]
    local form = query.id ~= 0 and "one-shot"
      or first and (first.unicast and "QU" or "QM")
      or "more"
    for j, question in ipairs(query.questions) do
      words[j] = question.type .. " " .. question.name
    end
    lines[i] = ("%d %d %s %s"):format(
      sent.to:find("^%[") and 6 or 4,
      sent.interface,
      form,
      table.concat(words, " ")
    )
  end
  return lines
end

--- The same for IPv4 only, with the ms at which they left: "0 QU", "250 one-shot", …
function methods:schedule()
  local lines = {}
  local all = self:questions()
  for i, sent in ipairs(self.world.sent) do
    if all[i]:find("^4 ") then
      lines[#lines + 1] = ("%g %s"):format(sent.at - 1000, all[i]:match("^4 %d+ (%S+)"))
    end
  end
  return lines
end

--- Watches; the list fills with "kind type data reason", "moved A old > new announced".
---@return string[] lines, table handle
function methods:watch(name, type, options)
  local lines = {}
  local handle = assert(self.engine:watch(name, type, function(event)
    local was = event.was and event.was .. " > " or ""
    local line = ("%s %s %s%s %s"):format(
      event.kind,
      event.type,
      was,
      event.data,
      event.reason or ""
    )
    lines[#lines + 1] = line:gsub(" $", "")
  end, options))
  return lines, handle
end

--- The messages sent over IPv4 since the last call.
function methods:sent()
  local messages = {}
  for i = (self.sent_until or 0) + 1, #self.world.sent do
    local sent = self.world.sent[i]
    if sent.to:find("^%d") then
      local message = assert(core.wire.decode(sent.packet))
      message.at, message.to, message.interface = sent.at, sent.to, sent.interface
      messages[#messages + 1] = message
    end
  end
  self.sent_until = #self.world.sent
  return messages
end

--- A cache that notes what is flushed.
function bed.cache()
  return {
    flushed = {},
    flush = function(self, _, filter)
      self.flushed[#self.flushed + 1] = filter.name
      return 1
    end,
  }
end

return bed
