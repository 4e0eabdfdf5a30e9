--- From a datagram to stored records: what of it is for us, and whether to believe it.

local core = require("mlxresolve.core")
local check = require("mlxresolve.mdns.check")

-- More records than this in one packet are not an answer to anybody.
local MAX_RECORDS = 512

local NOBODY = {}

local hearing = {}

local function has_asked(askers, since)
  for i = 1, #askers do
    if askers[i].unicast_at >= since then
      return true
    end
  end
  return false
end

--- A unicast reply must answer a question that asked for one, lately (RFC 6762 section 6).
local function was_asked(engine, message, is_one_shot, now)
  if is_one_shot and message.id ~= engine.one_shot_id then
    return false
  end
  local since = now - check.UNICAST_WINDOW
  for i = 1, #message.answers do
    local name = message.answers[i].name
    if
      has_asked(engine.lookups:of(name), since)
      or has_asked(engine.watches:of(name), since)
      or has_asked(engine.doubts:of(name), since)
      or has_asked(engine.reconfirmations:of(name), since)
    then
      return true
    end
  end
  return false
end

local function put_section(engine, records, link, source, heard, news)
  local now = engine.scheduler:now()
  for i = 1, math.min(#records, MAX_RECORDS) do
    local record = records[i]
    if record.class == "IN" then
      news[record.name] = engine.store:put(record, link.index, now, source) or news[record.name]
      local types = heard[record.name] or {}
      heard[record.name] = types
      types[record.type] = types[record.type] or record.ttl > 0
    end
  end
end

--- Questions in a response are of no concern (section 6), nor is its authority section.
local function learn(engine, message, link, source)
  local heard, news = {}, {}
  put_section(engine, message.answers, link, source, heard, news)
  if message.additionals[1] then
    put_section(engine, message.additionals, link, source, heard, news)
  end
  for name in pairs(engine.store:settle()) do
    engine:changed(name)
  end
  for name, types in pairs(heard) do
    for _, lookup in ipairs(engine.lookups:of(name)) do
      lookup:heard(types, link.index)
      engine.hosts:note(name, source, link.index)
    end
    for _, asker in ipairs(engine.reconfirmations:of(name)) do
      asker:heard(types)
      engine.hosts:note(name, source, link.index)
    end
    -- A watch that has hundreds of records looks at all of them; what was said again it finds when
    -- it would have asked.
    for _, watch in ipairs(news[name] and engine.watches:of(name) or NOBODY) do
      watch:look()
    end
  end
end

--- Learns from a response, or why it is not believed.
---@param engine mlxresolve.mdns.Engine
---@param is_one_shot boolean  it came to the ephemeral port
---@param data string
---@param at mlxresolve.mdns.Circumstances
---@param is_owned boolean     it is about what is published here
---@return string reason  "learnt", "malformed", "unasked" or one of check.link
function hearing.receive(engine, is_one_shot, data, at, is_owned)
  local link, reason = check.link(engine.sockets.links, at)
  if not link then
    return reason
  end
  local message = core.wire.decode(data)
  if not message then
    return "malformed"
  end
  if is_owned and engine.responder and not is_one_shot then
    engine.responder:response(message, at, link)
  end
  local is_unicast = is_one_shot or (at.to and not check.is_multicast(at.to))
  if is_unicast and not was_asked(engine, message, is_one_shot, engine.scheduler:now()) then
    return "unasked"
  end
  learn(engine, message, link, at.from)
  return "learnt"
end

--- Takes note of what other hosts ask by multicast.
---@param engine mlxresolve.mdns.Engine
---@param data string
---@param at mlxresolve.mdns.Circumstances
function hearing.overhear(engine, data, at)
  local link = check.is_multicast(at.to) and check.link(engine.sockets.links, at)
  local message = link and core.wire.decode(data)
  if message then
    engine.outgoing.duplicates:hear(message, link, at.from)
    engine.doubts:hear(message, link)
  end
end

return hearing
