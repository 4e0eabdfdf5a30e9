--- From stored records to answers: what is known of a question, and the pursuit of what is
--- not, through aliases.

local core = require("mlxresolve.core")
local rrsets = require("mlxresolve.mdns.rrsets")
local scopes = require("mlxresolve.mdns.scopes")

local MAX_ALIASES = 8
-- Others may have records beside ours, and say them within 120 ms (RFC 6762 section 6), ms …
local OTHERS = 150
-- … when they did not, ours alone are told for so many seconds.
local ALONE_TTL = 10

local answers = {}

local function context(engine, scope)
  local filter = scope.names and scopes.filter(scope, engine.sockets.links) or nil
  return engine.scheduler:now(), filter
end

--- Is anything known that answers this?
---@param engine mlxresolve.mdns.Engine
---@param scope mlxresolve.mdns.Scope
---@return boolean
function answers.is_known(engine, name, type, scope)
  local now, filter = context(engine, scope)
  local records = engine.store:records(name, now)
  return rrsets.has(records, type, filter)
    or rrsets.has(records, "CNAME", filter)
    or rrsets.denial(records, type, now, filter) ~= nil
end

--- The moment from which on a type will be denied, when its silence is being waited for.
---@return number|nil ms
function answers.verdict(engine, name, type, scope)
  local now, filter = context(engine, scope)
  local ttl, moment = engine.store:denies(name, type, now, filter)
  return not ttl and moment or nil
end

---@class mlxresolve.mdns.Known
---@field is_alone boolean?  ours, of a kind that others may have too
---@field packet string?
---@field status "answer"|"nodata"|nil
---@field ttl integer
---@field interface integer?
---@field alias string?  the name is an alias of this one

local function known_records(name, type, data, ttl, interface)
  local packet, message, code = core.answer.build(name, type, data, ttl)
  if not packet then
    return nil, message, code
  end
  return { packet = packet, status = "answer", ttl = ttl, interface = interface }
end

local function known_absence(name, type, ttl, interface)
  local packet, message, code = core.answer.deny(name, type, "nodata", ttl)
  if not packet then
    return nil, message, code
  end
  return { packet = packet, status = "nodata", ttl = ttl, interface = interface }
end

-- Our own data first, then what others have said; false when they have said nothing else.
local function merge(own, heard)
  local merged, seen = {}, {}
  for i, text in ipairs(own) do
    merged[i], seen[text] = text, true
  end
  for _, text in ipairs(heard or {}) do
    if not seen[text] then
      merged[#merged + 1] = text
    end
  end
  return #merged > #own and merged
end

local function known_shared(name, type, own, records, now, filter)
  local data, ttl = rrsets.data(records, type, now, filter)
  local merged = merge(own.data, data)
  if merged then
    return known_records(name, type, merged, math.min(own.ttl, ttl), own.interface)
  end
  local known, message, code = known_records(name, type, own.data, ALONE_TTL, own.interface)
  if known then
    known.is_alone = true
  end
  return known, message, code
end

-- What was heard of a type of a name: its data, an alias, or that there is none.
local function heard(records, name, type, now, filter)
  local data, ttl, interface = rrsets.data(records, type, now, filter)
  if data then
    return known_records(name, type, data, ttl, interface)
  end
  data, ttl = rrsets.data(records, "CNAME", now, filter)
  if data then
    return { alias = data[1], ttl = ttl }
  end
  ttl, interface = rrsets.denial(records, type, now, filter)
  if ttl then
    return known_absence(name, type, ttl, interface)
  end
end

--- What is known about a type of a name; or nil; or nil, message, code.
---@return mlxresolve.mdns.Known|nil, string? message, string? code
function answers.recall(engine, name, type, scope)
  local now, filter = context(engine, scope)
  local own = engine.responder and engine.responder:lookup(name, type, filter)
  if own and own.is_unique then
    if own.data[1] then
      return known_records(name, type, own.data, own.ttl, own.interface)
    end
    return known_absence(name, type, own.ttl, own.interface)
  end
  local records = engine.store:records(name, now)
  if records[1] then
    -- Whoever is told of a name by this has to hear of its changes.
    engine.store:give(name)
  elseif not own then
    return nil
  end
  if own then
    return known_shared(name, type, own, records, now, filter)
  end
  return heard(records, name, type, now, filter)
end

local function finish(known, aliases)
  local packet, ttl = known.packet, known.ttl
  for i = #aliases, 1, -1 do
    local message, code
    ttl = math.min(ttl, aliases[i].ttl)
    packet, message, code = core.answer.alias(packet, aliases[i].name, aliases[i].ttl)
    if not packet then
      return nil, message, code
    end
  end
  return packet, known.status, ttl, known.interface
end

---@class mlxresolve.mdns.Request
---@field name string  moves along the aliases
---@field type string
---@field scope mlxresolve.mdns.Scope
---@field timeout number  ms
---@field has_asked_others boolean?
---@field lookup mlxresolve.mdns.Lookup|false  that was waited for last
---@field total_before integer?  its questions before that

local function wait(engine, request)
  local lookup = engine.lookups:take(request.name, request.type, request.scope)
  request.lookup, request.total_before = lookup, lookup.total
  return lookup:wait(request.type)
end

local function wait_for_others(engine, request)
  local known
  repeat
    known = wait(engine, request)
      and answers.recall(engine, request.name, request.type, request.scope)
  until not (known and known.is_alone)
end

--- Asks whether others have such records as well, unless they were asked lately.
local function ask_others(engine, request)
  if request.has_asked_others then
    return false
  end
  request.has_asked_others = true
  local now = engine.scheduler:now()
  local lookup = engine.lookups:take(request.name, request.type, request.scope)
  if now - lookup.asked_at >= ALONE_TTL * 1000 then
    local ms = math.min(OTHERS, request.timeout / 2)
    engine.scheduler:within(ms, wait_for_others, engine, request)
    return true
  end
  return false
end

--- Waits in the running task until the request can be answered.
---@param engine mlxresolve.mdns.Engine
---@param request mlxresolve.mdns.Request
---@return string|nil packet, string status_or_message, integer|string ttl_or_code, integer? index
function answers.pursue(engine, request)
  local aliases = {}
  while true do
    local known, message, code = answers.recall(engine, request.name, request.type, request.scope)
    if known and known.packet then
      if not (known.is_alone and ask_others(engine, request)) then
        return finish(known, aliases)
      end
    elseif known then
      aliases[#aliases + 1] = { name = request.name, ttl = known.ttl }
      if #aliases > MAX_ALIASES then
        return nil, ("%s has more than %d aliases"):format(aliases[1].name, MAX_ALIASES), "ELOOP"
      end
      request.name = known.alias
    elseif message then
      return nil, message, code
    else
      local is_told
      is_told, message, code = wait(engine, request)
      if not is_told then
        return nil, message, code
      end
    end
  end
end

return answers
