--- Datagrams that concern what we publish: queries, and the responses of others.

local family_of = require("mlxresolve.address").family
local check = require("mlxresolve.mdns.check")
local conflicts = require("mlxresolve.mdns.responder.conflicts")
local core = require("mlxresolve.core")
local replies = require("mlxresolve.mdns.responder.replies")
local steps = require("mlxresolve.mdns.responder.steps")

local PORT = 5353

local incoming = {}

local function endpoint(at)
  return (at.from:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(at.from, at.port)
end

--- A name that we leave to another stack of this machine: is it still there? We would hear it
--- answer questions for multicast replies.
local function remind(view, message)
  for _, question in ipairs(message.questions) do
    local claim = not question.unicast and view.owned[question.name]
    if claim and claim.key == question.name then
      steps.asked(view, claim)
    end
  end
end

local function answer(self, view, message, asker, source)
  local out = view.outboxes[family_of(source)]
  local list, is_complete = replies.candidates(view, message, asker.is_direct)
  if #message.questions == 0 or #list == 0 then
    return
  end
  replies.suppress(list, message)
  local delay = replies.delay(view, list, message, is_complete)
  if message.truncated and not asker.is_legacy then
    local query = { view = view, out = out, list = list, message = message, asker = asker }
    if self.gathers:hold(out.path .. " " .. source, query, delay) then
      return
    end
  end
  replies.post(view, out, list, message, asker, delay)
end

--- A query about our names was heard. What came of it.
---@param data string
---@param at mlxresolve.mdns.Circumstances
---@return string reason
function incoming:query(data, at)
  local link, is_on_link, reason = check.query(self.engine.sockets.links, at)
  local view = link and self.views[link.index]
  if not view then
    return reason or "interface"
  end
  local message = core.wire.decode(data)
  if not message then
    return "malformed"
  end
  local asker = {
    to = is_on_link and endpoint(at),
    is_legacy = at.port ~= PORT,
    data = data,
    is_direct = at.to and not check.is_multicast(at.to) or false,
  }
  if asker.is_legacy and not asker.to then
    return "off_link"
  end
  self.gathers:more(link.index .. family_of(at.from) .. " " .. at.from, message)
  if #message.authorities > 0 and not asker.is_legacy then
    conflicts.hear_probe(view, message, self:is_own_address(at.from))
  end
  if not asker.is_legacy and not asker.is_direct then
    remind(view, message)
  end
  answer(self, view, message, asker, at.from)
  return "asked"
end

--- A response was heard on a link, from port 5353.
---@param message mlxresolve.Message
---@param at mlxresolve.mdns.Circumstances
---@param link mlxresolve.mdns.Link
function incoming:response(message, at, link)
  local view = self.views[link.index]
  if view then
    local out = view.outboxes[family_of(at.from)]
    conflicts.hear_response(view, message, self:is_own_address(at.from), out)
  end
end

return incoming
