--- What other hosts on the link have just asked: their answers come to everybody, so the same
--- question need not be asked again (RFC 6762 section 7.3).

local stored = require("mlxresolve.mdns.stored")

-- More than anybody here asks at a time; when it is reached, the notes begin anew.
local MAX_NOTES = 512

---@class mlxresolve.mdns.Duplicates
local Duplicates = { __name = "mlxresolve.mdns.Duplicates" }
Duplicates.__index = Duplicates

local duplicates = {}

---@param engine mlxresolve.mdns.Engine
---@return mlxresolve.mdns.Duplicates
function duplicates.new(engine)
  return setmetatable({ engine = engine, notes = {}, count = 0 }, Duplicates)
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

--- Notes the multicast questions of another host.
---@param message mlxresolve.Message
---@param link mlxresolve.mdns.Link
function Duplicates:hear(message, link)
  local now = self.engine.scheduler:now()
  for _, question in ipairs(message.questions) do
    local is_whole = not question.unicast and not message.truncated
    if is_whole and not knows_more(self.engine, message, question, link, now) then
      local key = key_of(link, question.type, question.name)
      if not self.notes[key] then
        if self.count >= MAX_NOTES then
          self.notes, self.count = {}, 0
        end
        self.count = self.count + 1
      end
      self.notes[key] = now
    end
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
