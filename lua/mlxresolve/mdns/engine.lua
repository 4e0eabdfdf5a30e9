--- The one mDNS engine: asks names on the link, keeps what it hears, tells those who wait.
---
---   local mdns = engine.new { world = world, scheduler = scheduler, cache = cache }
---   local packet, status, ttl, interface = mdns:ask("mini2.local.", 1, { timeout = 800 })
---
--- Sockets are opened by the first question and stay open: a querier that listens learns of
--- moves and goodbyes without asking. Nothing else goes on while nobody waits.

local asking = require("mlxresolve.mdns.asking")
local continuous = require("mlxresolve.mdns.continuous")
local core = require("mlxresolve.core")
local doubts = require("mlxresolve.mdns.doubts")
local hearing = require("mlxresolve.mdns.hearing")
local hosts = require("mlxresolve.mdns.hosts")
local lookups = require("mlxresolve.mdns.lookups")
local outgoing = require("mlxresolve.mdns.outgoing")
local reconfirm = require("mlxresolve.mdns.reconfirm")
local publishing = require("mlxresolve.mdns.publishing")
local persistence = require("mlxresolve.persistence")
local roaming = require("mlxresolve.mdns.roaming")
local sockets = require("mlxresolve.mdns.sockets")
local store = require("mlxresolve.mdns.store")
local stored = require("mlxresolve.mdns.stored")
local summary = require("mlxresolve.mdns.responder.summary")
local watches = require("mlxresolve.mdns.watches")

---@class mlxresolve.mdns.Runtime
---@field world mlxresolve.World
---@field scheduler mlxresolve.Scheduler
---@field is_private boolean?        publish nothing
---@field cache mlxresolve.Cache?  told to drop the names of which a change is heard
---@field poof boolean?  doubt what others ask for in vain; on all links but Wi-Fi when absent

---@class mlxresolve.mdns.Engine
local Engine = { __name = "mlxresolve.mdns.Engine" }
Engine.__index = Engine

local engine = {}

for _, part in ipairs { asking, continuous, roaming } do
  for name, fn in pairs(part) do
    Engine[name] = fn
  end
end

---@param runtime mlxresolve.mdns.Runtime
---@return mlxresolve.mdns.Engine
function engine.new(runtime)
  local cares = assert(core.interest.new())
  local self = setmetatable({
    world = runtime.world,
    scheduler = runtime.scheduler,
    runtime = runtime,
    interest = cares,
    store = store.new(cares),
    sockets = false,
    network = false,
    lookups = false,
    responder = false,
    is_private = runtime.is_private or false,
    waiting = 0,
    outgoing = false,
    watches = false,
    doubts = false,
    hosts = false,
    reconfirmations = false,
    poof = runtime.poof,
    scopes = {},
    one_shot_id = false, -- of the one-shot questions for which somebody waits, if there are any
    counts = { heard = 0, learnt = 0 },
    is_closed = false,
  }, Engine)
  self.lookups = lookups.new(self)
  self.outgoing = outgoing.new(self)
  self.watches = watches.new(self)
  self.doubts = doubts.new(self)
  self.hosts = hosts.new(self)
  self.reconfirmations = reconfirm.new(self)
  return self
end

Engine.publish = publishing.publish

---------------------------------------------------------------- opening

--- Opens the sockets, once.
function Engine:open()
  if self.sockets then
    return
  end
  self.sockets = sockets.open(self.world, self.interest, self.receive, self)
  self.sockets:update()
  self.network = self.world:watch_network(function(events)
    self:network_changed(events)
  end)
end

---------------------------------------------------------------- sending and hearing

local QR = 0x80

local function hear_query(self, data, at, is_awaited, is_owned)
  if is_awaited then
    hearing.overhear(self, data, at)
  end
  return is_owned and self.responder and self.responder:query(data, at) or "query"
end

--- The sockets' callback, for what the interest admits: who asks and waits here is concerned, the
--- responder, or both.
function Engine:receive(is_one_shot, data, from, port, interface, to, hops, is_awaited, is_owned)
  local at = { from = from, port = port, interface = interface, to = to, hops = hops }
  local reason = "query"
  if data:byte(3) >= QR then
    reason = hearing.receive(self, is_one_shot, data, at, is_owned)
  elseif not is_one_shot then
    reason = hear_query(self, data, at, is_awaited, is_owned)
  end
  local counts = self.counts
  counts.heard = counts.heard + 1
  counts[reason] = (counts[reason] or 0) + 1
end

local function drop(self, name)
  persistence.forget(self.runtime, { name = name })
end

--- Does all that is known of a type of a name end within a second?
local function is_ending(self, name)
  local lasts = {}
  for _, record in ipairs(self.store:records(name, self.scheduler:now())) do
    lasts[record.type] = lasts[record.type] or not record.is_doomed
  end
  for _, is_lasting in pairs(lasts) do
    if not is_lasting then
      return true
    end
  end
  return false
end

--- Records of a name that somebody was told about have changed. After a goodbye the name is told
--- for another second, and that has to be forgotten as well: it would be served when it ran out.
function Engine:changed(name)
  if not self.runtime.cache then
    return
  end
  drop(self, name)
  if is_ending(self, name) then
    self.scheduler:after(stored.GRACE, function()
      if not self.is_closed then
        drop(self, name)
      end
    end)
  end
end

---------------------------------------------------------------- waiting

function Engine:enter(waited)
  self.waiting = self.waiting + 1
  self.store:pin(waited.name)
end

function Engine:leave(waited)
  self.waiting = self.waiting - 1
  self.store:unpin(waited.name)
  if self.waiting == 0 and self.one_shot_id then
    self.sockets:rest()
    self.one_shot_id = false
  end
end

--- The ID of one-shot questions: another one each time that somebody begins to wait.
---@return integer
function Engine:one_shot()
  self.one_shot_id = self.one_shot_id or self.world:random(65535)
  return self.one_shot_id
end

---------------------------------------------------------------- forgetting, and the end

--- Forgets what was heard: of a name, of the names below a suffix, of an interface, or all. What
--- is asked for after this is asked on the link, however lately it was asked before.
---@param what { name: string?, suffix: string?, interface: integer? }
function Engine:forget(what)
  self.store:forget(what)
  self.lookups:each(function(present)
    if not what.name or present.name == what.name then
      present:renew()
    end
  end)
  self.watches:each(function(present)
    present:look()
  end)
end

-- Why a datagram went no further than to its socket.
local DISMISSED = { "query", "unawaited", "echo" }

--- Datagrams heard and learnt from, and the others by the reason why they were not;
--- records stored; questions that somebody waits for.
---@return table<string, integer>
function Engine:stats()
  local stats = { records = self.store.size, waiting = self.waiting }
  for name, count in pairs(self.counts) do
    stats[name] = count
  end
  local dismissed = self.interest:stats()
  for _, reason in ipairs(DISMISSED) do
    local count = dismissed[reason]
    stats.heard = stats.heard + count
    stats[reason] = count > 0 and (stats[reason] or 0) + count or stats[reason]
  end
  return stats
end

--- What is published, and how far it has come.
---@return mlxresolve.mdns.PublishedName[]
function Engine:published()
  return self.responder and summary.list(self.responder) or {}
end

function Engine:close()
  if self.is_closed then
    return
  end
  self.is_closed = true
  self.lookups:each(function(present)
    present:fail("the mDNS engine was closed", "ECLOSED")
  end)
  if self.responder then
    self.responder:close()
    self.responder = false
  end
  self.watches:close()
  if self.sockets then
    self.network:close()
    self.sockets:close()
  end
  self.store:forget {}
end

return engine
