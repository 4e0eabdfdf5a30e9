--- What other hosts on the link have just asked: their answers come to everybody, so the same
--- question need not be asked again (RFC 6762 section 7.3). A question whose known answers fill
--- several packets counts when the last of them has come.

local stored = require("mlxresolve.mdns.stored")

-- More than anybody here asks at a time; when it is reached, the notes begin anew.
local MAX_NOTES = 512
-- Questions that wait for more known answers; each is over within half a second.
local MAX_OPEN = 32
local OPEN = 500

---@class mlxresolve.mdns.Duplicates
local Duplicates = { __name = "mlxresolve.mdns.Duplicates" }
Duplicates.__index = Duplicates

local duplicates = {}

---@param engine mlxresolve.mdns.Engine
---@return mlxresolve.mdns.Duplicates
function duplicates.new(engine)
  return setmetatable({
    engine = engine,
    notes = {},
    count = 0,
    open = {},
    open_count = 0,
  }, Duplicates)
end

local function key_of(link, type, name)
  return ("%d %s %s"):format(link.index, type, name)
end

--- Does the host that asks know more than we do? Then its answer may leave out what we lack.
local function knows_more(engine, message, question, link, now)
  for _, record in ipairs(message.answers) do
    if record.name == question.name and record.type == question.type then
      local is_ours = false
      for _, own in ipairs(engine.store:records(record.name, now)) do
        is_ours = is_ours
          or (
            own.type == record.type
            and own.data == record.data
            and own.interface == link.index
            and stored.is_known_answer(own, now)
          )
      end
      if not is_ours then
        return true
      end
    end
  end
  return false
end

local function note(self, key, at)
  if not self.notes[key] then
    if self.count >= MAX_NOTES then
      self.notes, self.count = {}, 0
    end
    self.count = self.count + 1
  end
  self.notes[key] = at
end

local function source_of(link, from)
  return ("%d %s"):format(link.index, from)
end

local function set_open(self, count)
  self.open_count = count
  self.engine.interest:expect("awaited", count > 0)
end

local function hold(self, source, questions, now)
  if self.open_count >= MAX_OPEN then
    self.open, self.open_count = {}, 0
  end
  set_open(self, self.open_count + (self.open[source] and 0 or 1))
  self.open[source] = { questions = questions, at = now }
end

--- Notes the multicast questions of another host.
---@param message mlxresolve.Message
---@param link mlxresolve.mdns.Link
---@param from string  its address
function Duplicates:hear(message, link, from)
  local now = self.engine.scheduler:now()
  local held = {}
  for _, question in ipairs(message.questions) do
    if not question.unicast and not knows_more(self.engine, message, question, link, now) then
      local key = key_of(link, question.type, question.name)
      if message.truncated then
        held[key] = question
      else
        note(self, key, now)
      end
    end
  end
  if next(held) then
    hold(self, source_of(link, from), held, now)
  elseif #message.questions == 0 then
    self:more(message, link, from)
  end
end

--- Takes further known answers of a host, and with the last of them notes its questions.
---@param message mlxresolve.Message
---@param link mlxresolve.mdns.Link
---@param from string
function Duplicates:more(message, link, from)
  local source, now = source_of(link, from), self.engine.scheduler:now()
  local held = self.open[source]
  if not held then
    return
  end
  for key, question in pairs(held.questions) do
    if knows_more(self.engine, message, question, link, now) then
      held.questions[key] = nil
    elseif not message.truncated and now - held.at <= OPEN then
      note(self, key, held.at)
    end
  end
  if not message.truncated or not next(held.questions) then
    self.open[source] = nil
    set_open(self, self.open_count - 1)
  end
end

--- Were all questions of an item asked on this link since it says?
---@param item mlxresolve.mdns.Outgoing
---@param link mlxresolve.mdns.Link
---@return boolean
function Duplicates:cover(item, link)
  for _, type in ipairs(item.types) do
    local at = self.notes[key_of(link, type, item.name)]
    if not at or at < item.since then
      return false
    end
  end
  return true
end

return duplicates
