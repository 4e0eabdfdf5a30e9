--- A publishing engine in a virtual world: what it sends, in words.
---
---   local link = responder_bed.new()
---   link:publish { host = "here", service = "_mlx._tcp", port = 50051 }
---   link:settled()                                   -- probed and announced
---   link:query { "A here.local." }                   -- "QU A …" asks for unicast
---   link.world:advance(200)
---   assert.same({ "0 A here.local. 120 192.0.2.1 !" }, link:answers())

local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")

local responder_bed = {}
local methods = {}

-- When a link's names are probed for and announced for the last time.
local SETTLED = 10e3

---@param options table?  as mdns_bed.new; `random` replaces the world's chance
function responder_bed.new(options)
  local link = bed.new(options)
  for name, fn in pairs(methods) do
    rawset(link, name, fn)
  end
  link.since = link.world:now()
  link.first = 1
  return link
end

function methods:publish(spec)
  spec = spec or { host = "here" }
  spec.host = spec.host or "here"
  return assert(self.engine:publish(spec))
end

--- Forgets what was sent so far; times count from now.
function methods:mark()
  self.first = #self.world.sent + 1
  self.since = self.world:now()
end

--- Publishes and waits until all is established and quiet.
function methods:settled(spec)
  local publication = self:publish(spec)
  self.world:advance(SETTLED)
  self:mark()
  return publication
end

local function question(text)
  local form, type, name = text:match("^(Q[UM]) (%S+) (.*)$")
  if not form then
    type, name = text:match("^(%S+) (.*)$")
  end
  return { type = type, name = name, class = "IN", unicast = form == "QU" }
end

local function record(text)
  local type, name, ttl, data, flush = text:match("^(%S+) (%S+) (%d+) (.-)( ?!?)$")
  assert(type, text)
  return {
    type = type,
    name = name,
    class = "IN",
    ttl = tonumber(ttl),
    data = data,
    cache_flush = flush == " !",
  }
end

local function each(list, fn)
  local made = {}
  for i, text in ipairs(list or {}) do
    made[i] = fn(text)
  end
  return made
end

--- A query: `questions` as "A here.local."; `fields`: known, proposed (records as "A here.local.
--- 120 192.0.2.1"), truncated, id, opcode, rcode.
function responder_bed.query(questions, fields)
  fields = fields or {}
  return assert(core.wire.encode {
    id = fields.id or 0,
    opcode = fields.opcode,
    rcode = fields.rcode,
    truncated = fields.truncated,
    questions = each(questions, question),
    answers = each(fields.known, record),
    authorities = each(fields.proposed, record),
  })
end

function methods:query(questions, fields, at)
  self:deliver(responder_bed.query(questions, fields), at)
  self.world:advance(0)
end

--- A response of another: records as "A here.local. 120 192.0.2.9 !".
function methods:hear(records, at)
  local packet = assert(core.wire.encode({
    response = true,
    authoritative = true,
    answers = each(records, record),
  }, { mdns = true }))
  self:deliver(packet, at)
  self.world:advance(0)
end

--- The packets since the mark, decoded, with `ms`, `to`, `interface` and `bytes`; over IPv4
--- unless told otherwise, or "both".
function methods:packets(family)
  local list = {}
  for i = self.first, #self.world.sent do
    local sent = self.world.sent[i]
    local is_ipv6 = sent.to:find("^%[") ~= nil
    if family == "both" or is_ipv6 == (family == "ipv6") then
      local message = assert(core.wire.decode(sent.packet))
      message.ms = sent.at - self.since
      message.to, message.interface, message.bytes = sent.to, sent.interface, #sent.packet
      message.packet = sent.packet
      list[#list + 1] = message
    end
  end
  return list
end

local function words(records)
  local list = {}
  for i, one in ipairs(records) do
    list[i] = ("%s %s %d %s%s"):format(
      one.type,
      one.name,
      one.ttl,
      one.data,
      one.cache_flush and " !" or ""
    )
  end
  table.sort(list)
  return list
end

responder_bed.words = words

--- All answers since the mark, sorted within their packets.
function methods:answers(section, family)
  local list = {}
  for _, message in ipairs(self:packets(family)) do
    for _, text in ipairs(words(message.response and message[section or "answers"] or {})) do
      list[#list + 1] = text
    end
  end
  return list
end

--- When responses left, in ms since the mark.
function methods:times(family)
  local list = {}
  for _, message in ipairs(self:packets(family)) do
    if message.response then
      list[#list + 1] = message.ms
    end
  end
  return list
end

--- When probes left, with their first names: "0 here.local.".
function methods:probes(family)
  local list = {}
  for _, message in ipairs(self:packets(family)) do
    if not message.response and #message.authorities > 0 then
      list[#list + 1] = ("%d %s"):format(message.ms, message.questions[1].name)
    end
  end
  return list
end

return responder_bed
