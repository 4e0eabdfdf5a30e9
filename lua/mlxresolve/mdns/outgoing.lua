--- The questions' way out: those of one turn leave together, link by link, with the answers that
--- are known there (RFC 6762 sections 7.1 and 7.2) and without what another host has just asked
--- (section 7.3).

local duplicates = require("mlxresolve.mdns.duplicates")
local questions = require("mlxresolve.mdns.questions")
local scopes = require("mlxresolve.mdns.scopes")
local stored = require("mlxresolve.mdns.stored")

---@class mlxresolve.mdns.Way
---@field duplicates mlxresolve.mdns.Duplicates
local Way = { __name = "mlxresolve.mdns.Way" }
Way.__index = Way

local outgoing = {}

local NOTHING = {}

---@param engine mlxresolve.mdns.Engine
---@return mlxresolve.mdns.Way
function outgoing.new(engine)
  return setmetatable({
    engine = engine,
    items = {},
    duplicates = duplicates.new(engine),
  }, Way)
end

---@class mlxresolve.mdns.PostOptions
---@field link mlxresolve.mdns.Link?  on this one only
---@field types string[]?             only these of the asker's
---@field since number?               see mlxresolve.mdns.Outgoing
---@field to string?                  this host alone (section 5.5), of `link`
---@field part "leading"|"trailing"|nil  of the families; both when absent

--- Queues an asker's questions; they leave at the end of the turn, with those of all its tasks.
---@param asker mlxresolve.mdns.Lookup|mlxresolve.mdns.Watch
---@param mode "first"|"again"|"one_shot"
---@param options mlxresolve.mdns.PostOptions?
function Way:post(asker, mode, options)
  options = options or NOTHING
  local items = self.items
  if not items[1] then
    self.engine.scheduler:at_turn_end(self.flush, self)
  end
  items[#items + 1] = {
    asker = asker,
    name = asker.name,
    types = options.types or asker.types,
    scope = asker.scope,
    mode = mode,
    since = options.since or math.huge,
    link = options.link or false,
    to = options.to or false,
    part = options.part or false,
  }
end

--- The answers to these questions that were heard on this link.
local function known_answers(engine, batch, link, now)
  local known
  for i = 1, #batch do
    local item = batch[i]
    local records = engine.store:records(item.name, now)
    for k = 1, #records do
      local record = records[k]
      local is_asked = record.type == item.types[1] or record.type == item.types[2]
      if is_asked and record.interface == link.index and stored.is_known_answer(record, now) then
        known = known or {}
        known[#known + 1] = {
          name = item.name,
          type = record.type,
          ttl = math.floor((record.expires - now) / 1000),
          data = record.data,
        }
      end
    end
  end
  return known or NOTHING
end

--- What of a batch nobody else has asked on this link.
local function unasked(self, batch, link)
  local left = { bytes = batch.bytes }
  for _, item in ipairs(batch) do
    if item.since == math.huge or not self.duplicates:cover(item, link) then
      left[#left + 1] = item
    end
  end
  return #left == #batch and batch or left
end

-- Most batches go out as they are, on every link.
local function packets_of(self, batch, known)
  if known[1] then
    return questions.packets(batch, self.engine, known)
  end
  batch.packets = batch.packets or questions.packets(batch, self.engine, NOTHING)
  return batch.packets
end

-- What we say by multicast comes back to us.
local function remember(self, packet)
  if packet then
    self.engine.interest:sent("awaited", packet)
  end
end

local function send(self, batch, link)
  local engine, item = self.engine, batch[1]
  local known = item.mode ~= "one_shot"
      and not item.to
      and known_answers(engine, batch, link, engine.scheduler:now())
    or NOTHING
  local packets = packets_of(self, batch, known)
  if item.to then
    return engine.sockets:ask_host(packets, item.to, link)
  end
  local families = scopes.families(item.scope, link, item.part)
  local sent, message, code = engine.sockets:ask(item.mode, packets, link, families)
  remember(self, rawget(packets, "unicast"))
  remember(self, rawget(packets, "multicast"))
  for _, packet in ipairs(questions.rest(packets)) do
    remember(self, packet)
    engine.sockets:ask("again", { multicast = packet }, link, families)
  end
  return sent, message, code
end

local function send_unasked(self, batch, link)
  local left = batch[1].mode == "again" and unasked(self, batch, link) or batch
  if left[1] then
    return send(self, left, link)
  end
  return 1
end

local function send_batch(self, batch)
  local item = batch[1]
  local speaking = item.link and { item.link } or self.engine.sockets.links
  local sent, message, code = 0, nil, nil
  for i = 1, #speaking do
    if item.link or scopes.includes(item.scope, speaking[i]) then
      local count, why, why_code = send_unasked(self, batch, speaking[i])
      sent = sent + count
      message, code = message or why, code or why_code
    end
  end
  for i = 1, #batch do
    batch[i].asker:posted(item.mode, sent, message, code, item.part)
  end
end

function Way:flush()
  local items = self.items
  self.items = {}
  if self.engine.is_closed then
    return
  end
  local batches = questions.batches(items)
  for i = 1, #batches do
    send_batch(self, batches[i])
  end
end

return outgoing
