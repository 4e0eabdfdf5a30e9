--- Asks for a name as if nothing were known of it, while what is known still counts: the host that
--- said it last alone, and everybody, at the same time (RFC 6762 sections 5.4 and 5.5).

local scopes = require("mlxresolve.mdns.scopes")
local stored = require("mlxresolve.mdns.stored")

-- When questions leave, ms; the second is a one-shot question, since a packet may have been lost,
-- and keeps the second between equal multicast ones. With the third goes another: where multicast
-- is lost, its reply comes by unicast.
local ONE_SHOT_AFTER, AGAIN_AFTER = 250, 1000
local TIMEOUT = 1500
-- The families' replies are packets of their own: how long the other is waited for, ms.
local GATHER = 100
local MAX_NAMES = 256

local ADDRESS = { A = true, AAAA = true }

---@class mlxresolve.mdns.Reconfirmations
---@field names table<string, table[]>
local Reconfirmations = { __name = "mlxresolve.mdns.Reconfirmations" }
Reconfirmations.__index = Reconfirmations

local reconfirm = {}

local NONE = {}

---@param engine mlxresolve.mdns.Engine
---@return mlxresolve.mdns.Reconfirmations
function reconfirm.new(engine)
  return setmetatable({ engine = engine, names = {}, count = 0 }, Reconfirmations)
end

--- The one of a name, in a list, for unicast replies.
---@param name string
---@return table[]
function Reconfirmations:of(name)
  return self.names[name] or NONE
end

---------------------------------------------------------------- one of them

local Asker = {}
Asker.__index = Asker

function Asker:posted(mode, sent)
  if sent > 0 and mode ~= "again" then
    self.unicast_at = self.engine.scheduler:now()
  end
end

local function finish(self)
  if not self.is_over then
    self.is_over = true
    self.task:wake(next(self.said) and self.said or nil)
  end
end

-- A family that the host had is waited for: one that has just got another address says it a second
-- later than the other.
local function has_all(self)
  for type in pairs(self.wanted) do
    if not self.said[type] then
      return false
    end
  end
  return next(self.said) ~= nil
end

--- Records of the name were heard.
---@param types table<string, boolean>  false: goodbyes only
function Asker:heard(types)
  for type, is_said in pairs(types) do
    if ADDRESS[type] and is_said then
      self.said[type] = true
    end
  end
  if self.is_over or not has_all(self) then
    return
  elseif self.said.A and self.said.AAAA then
    finish(self)
  elseif not self.is_gathering then
    self.is_gathering = true
    self:at(GATHER, finish)
  end
end

function Asker:at(ms, fn)
  self.timers[#self.timers + 1] = self.engine.scheduler:after(ms, fn, self)
end

local function ask_everybody(self)
  self.engine.outgoing:post(self, "first")
  self.engine.hosts:ask(self)
end

local function ask_one_shot(self)
  self.engine.outgoing:post(self, "one_shot")
  self.engine.hosts:ask(self)
end

local function ask_again(self)
  self.engine.outgoing:post(self, "again")
  ask_one_shot(self)
end

-- What is doubted is not among the known answers that keep hosts silent, and ends by itself unless
-- it is said again. Returns the families.
local function doubt(engine, name)
  local now, types = engine.scheduler:now(), {}
  for _, record in ipairs(engine.store:records(name, now)) do
    if ADDRESS[record.type] then
      stored.doubt(record, "recheck", now)
      types[record.type] = true
    end
  end
  return types
end

local function close(self)
  for _, timer in ipairs(self.timers) do
    self.engine.scheduler:stop(timer)
  end
  self.is_over = true
  local all = self.engine.reconfirmations
  all.names[self.name] = nil
  all.count = all.count - 1
  self.engine.interest:remove(self.name, "awaited")
  self.engine:leave(self)
end

local function open(engine, name, wanted)
  local self = setmetatable({
    engine = engine,
    name = name,
    types = { "A", "AAAA" },
    scope = scopes.of(engine.scopes, {}),
    unicast_at = -math.huge,
    task = engine.scheduler:current(),
    wanted = wanted,
    said = {},
    is_gathering = false,
    timers = {},
    is_over = false,
  }, Asker)
  local all = engine.reconfirmations
  all.names[name] = { self }
  all.count = all.count + 1
  engine.interest:add(name, "awaited")
  engine:enter(self)
  return self
end

local function give_up(self)
  close(self)
end

--- Asks in a task, and waits until the host has said its addresses again, or long enough: the
--- types that were said, an empty table for silence. What is said goes into the store as always.
---@param engine mlxresolve.mdns.Engine
---@param name string  canonical
---@return table<string, boolean>|nil said, string? message, string? code
function reconfirm.run(engine, name)
  engine:open()
  local scope = scopes.of(engine.scopes, {})
  if not scopes.has_link(scope, engine.sockets.links) then
    return nil, "no interface is up and has an address to ask from", "ENETDOWN"
  elseif engine.reconfirmations.names[name] or engine.reconfirmations.count >= MAX_NAMES then
    return nil, "too much is being asked again at this moment", "EAGAIN"
  end
  local self = open(engine, name, doubt(engine, name))
  ask_everybody(self)
  self:at(ONE_SHOT_AFTER, ask_one_shot)
  self:at(AGAIN_AFTER, ask_again)
  self:at(TIMEOUT, finish)
  local said = engine.scheduler:wait(give_up, self) or {}
  close(self)
  reconfirm.forget(engine, name, said)
  return said
end

--- What nobody has said again leaves the store, so that it is no answer to the next who asks. By
--- saying a type a host says all that it has of it, though one-shot replies do not show that.
---@param engine mlxresolve.mdns.Engine
---@param name string
---@param said table<string, boolean>?  only records of these types; of all when absent
function reconfirm.forget(engine, name, said)
  local now = engine.scheduler:now()
  for _, record in ipairs(engine.store:records(name, now)) do
    local is_meant = not said or said[record.type]
    if is_meant and record.is_suspect and record.reason == "recheck" then
      record.expires = now
    end
  end
  for _, watch in ipairs(engine.watches:of(name)) do
    watch:look()
  end
end

--- Does the engine know who has said the name, or what?
---@param engine mlxresolve.mdns.Engine
---@param name string
---@return boolean
function reconfirm.concerns(engine, name)
  return engine.hosts.names[name] ~= nil or #engine.store:records(name, engine.scheduler:now()) > 0
end

return reconfirm
