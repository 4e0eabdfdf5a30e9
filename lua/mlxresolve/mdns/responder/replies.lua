--- What is answered to a query, to whom and when (RFC 6762 sections 5.4, 5.5, 6 and 7; RFC 6763
--- section 12).

local record = require("mlxresolve.mdns.responder.record")

local QUERY_DELAY = { 20, 100 } -- ms, and as much again at random
local TRUNCATED_DELAY = { 400, 100 }

local replies = {}

---@class mlxresolve.mdns.Candidate
---@field record mlxresolve.mdns.Published
---@field is_unicast boolean  the question asks for a reply to itself

---------------------------------------------------------------- what

local function add(list, seen, one, is_unicast)
  local present = seen[one]
  if present then
    present.is_unicast = present.is_unicast and is_unicast
  else
    seen[one] = { record = one, is_unicast = is_unicast }
    list[#list + 1] = seen[one]
  end
end

local function answer(entry, question, list, seen, is_unicast)
  local is_any, found = question.type == "ANY", false
  for _, one in ipairs(entry.records) do
    if is_any or one.type == question.type then
      found = true
      add(list, seen, one, is_unicast)
    end
  end
  if not found and entry.is_unique and entry.nsec then
    add(list, seen, entry.nsec, is_unicast)
  end
end

--- Our answers to a query's questions, and whether nobody else can have any.
---@param view mlxresolve.mdns.View
---@param message mlxresolve.Message
---@param is_direct boolean  sent to our own address
---@return mlxresolve.mdns.Candidate[] list, boolean is_complete
function replies.candidates(view, message, is_direct)
  local list, seen, is_complete = {}, {}, true
  for _, question in ipairs(message.questions) do
    local entry = view.names[question.name]
    if entry and (question.class == "IN" or question.class == "ANY") then
      answer(entry, question, list, seen, question.unicast or is_direct)
    end
    is_complete = is_complete and entry ~= nil and entry.is_unique
  end
  return list, is_complete
end

--- Takes out what the querier knows, for at least half of its time (section 7.1).
---@param list mlxresolve.mdns.Candidate[]
---@param message mlxresolve.Message
function replies.suppress(list, message)
  local by_owner = {}
  for _, candidate in ipairs(list) do
    by_owner[candidate.record.key .. " " .. candidate.record.type] = true
  end
  local known = {}
  for _, one in ipairs(message.answers) do
    local id = by_owner[one.name .. " " .. one.type] and record.id_of(one)
    if id then
      known[id] = one.ttl
    end
  end
  for i = #list, 1, -1 do
    local one = list[i].record
    local ttl = known[one.id]
    if ttl and ttl * 2 >= one.ttl and one.type ~= "NSEC" then
      table.remove(list, i)
    end
  end
end

local follow

local FOLLOW = {
  -- RFC 6763 section 12.1
  PTR = function(view, one, list)
    local entry = view.names[record.target(one)]
    for _, more in ipairs(entry and entry.is_unique and entry.records or {}) do
      if more.type == "SRV" or more.type == "TXT" then
        list[#list + 1] = more
        follow(view, more, list)
      end
    end
  end,
  -- RFC 6763 section 12.2
  SRV = function(view, one, list)
    local entry = view.names[record.target(one)]
    for _, more in ipairs(entry and entry.records or {}) do
      if more.type == "A" or more.type == "AAAA" then
        list[#list + 1] = more
        follow(view, more, list)
      end
    end
  end,
}

-- The other family, or that there is none (RFC 6762 section 6.2).
local function follow_address(view, one, list)
  local entry = view.names[one.key]
  local has_other = false
  for _, more in ipairs(entry and entry.records or {}) do
    if more.type ~= one.type and (more.type == "A" or more.type == "AAAA") then
      has_other = true
      list[#list + 1] = more
    end
  end
  if entry and entry.nsec and not has_other then
    list[#list + 1] = entry.nsec
  end
end

FOLLOW.A, FOLLOW.AAAA = follow_address, follow_address

function follow(view, one, list)
  local fn = FOLLOW[one.type]
  if fn then
    fn(view, one, list)
  end
end

--- What the asker will want next.
---@param view mlxresolve.mdns.View
---@param one mlxresolve.mdns.Published
---@return mlxresolve.mdns.Published[]
function replies.extras(view, one)
  local list = {}
  follow(view, one, list)
  return list
end

---------------------------------------------------------------- when, and to whom

--- Does the query propose records for a name that we have? Then it must be told at once.
local function is_probe(list, message)
  for _, proposed in ipairs(message.authorities) do
    for _, candidate in ipairs(list) do
      if candidate.record.key == proposed.name then
        return true
      end
    end
  end
  return false
end

local function draw(view, range, now)
  local earliest = now + range[1]
  return { due = earliest + view.responder:random() * range[2], earliest = earliest }
end

--- How long the answers wait (sections 6, 6.3 and 7.2). One question or several, when all are
--- for names that nobody else has, the answer collides with nobody's.
---@return mlxresolve.mdns.Delay
function replies.delay(view, list, message, is_complete)
  local now = view.scheduler:now()
  local delay
  if is_probe(list, message) then
    delay = { due = now, earliest = now, is_defence = true }
  elseif message.truncated then
    delay = draw(view, TRUNCATED_DELAY, now)
  elseif is_complete then
    delay = { due = now, earliest = now }
  else
    delay = draw(view, QUERY_DELAY, now)
  end
  delay.is_defence = delay.is_defence or false
  return delay
end

---@class mlxresolve.mdns.Asker
---@field to string|false    where a reply to him alone goes; false when he is not on the link
---@field is_legacy boolean
---@field data string          the query as it came

local function may_unicast(out, one, now)
  return out:was_sent(one, one.ttl * 1000 / 4, now)
end

--- Hands the answers to the outbox: to everybody, or to the asker alone where he wants that and
--- everybody has heard them lately (section 5.4).
---@param view mlxresolve.mdns.View
---@param out mlxresolve.mdns.Outbox
---@param list mlxresolve.mdns.Candidate[]
---@param message mlxresolve.Message
---@param asker mlxresolve.mdns.Asker
---@param delay mlxresolve.mdns.Delay
function replies.post(view, out, list, message, asker, delay)
  local now = view.scheduler:now()
  local reply = { to = asker.to, query = false, answers = {}, extras = {}, due = delay.due }
  reply.query, reply.data = asker.is_legacy and message, asker.data
  for _, candidate in ipairs(list) do
    local one = candidate.record
    local extras = replies.extras(view, one)
    local is_alone = asker.to and candidate.is_unicast and may_unicast(out, one, now)
    if asker.is_legacy or is_alone then
      reply.answers[#reply.answers + 1] = one
      for _, extra in ipairs(extras) do
        reply.extras[#reply.extras + 1] = extra
      end
    else
      out:answer(one, extras, delay)
    end
  end
  if #reply.answers > 0 then
    out:reply(reply)
  end
end

return replies
