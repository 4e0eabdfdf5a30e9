--- The one mDNS engine: asks names on the link, keeps what it hears, tells those who wait.
---
---   local mdns = engine.new { world = world, scheduler = scheduler, cache = cache }
---   local packet, status, ttl, interface = mdns:ask("mini2.local.", 1, { timeout = 800 })
---
--- Sockets are opened by the first question and stay open: a querier that listens learns of
--- moves and goodbyes without asking. Nothing else goes on while nobody waits.

local answers = require("mlxresolve.mdns.answers")
local continuous = require("mlxresolve.mdns.continuous")
local core = require("mlxresolve.core")
local doubts = require("mlxresolve.mdns.doubts")
local hearing = require("mlxresolve.mdns.hearing")
local hosts = require("mlxresolve.mdns.hosts")
local interest = require("mlxresolve.mdns.interest")
local lookups = require("mlxresolve.mdns.lookups")
local outgoing = require("mlxresolve.mdns.outgoing")
local publishing = require("mlxresolve.mdns.publishing")
local persistence = require("mlxresolve.persistence")
local scopes = require("mlxresolve.mdns.scopes")
local sockets = require("mlxresolve.mdns.sockets")
local store = require("mlxresolve.mdns.store")
local watches = require("mlxresolve.mdns.watches")

local DEFAULT_TIMEOUT = 800

---@class mlxresolve.mdns.Runtime
---@field world mlxresolve.World
---@field scheduler mlxresolve.Scheduler
---@field is_private boolean?        publish nothing
---@field cache mlxresolve.Cache?  told to drop the names of which a change is heard
---@field poof boolean?  doubt what others ask for in vain; on all links but Wi-Fi when absent

---@class mlxresolve.mdns.AskOptions
---@field timeout number?       ms, 800
---@field interfaces string[]?  names; every one that mDNS fits when absent
---@field ipv4 boolean?         false: do not speak over IPv4
---@field ipv6 boolean?         false: do not speak over IPv6
---@field fresh boolean?        forget what is known of the name and ask

---@class mlxresolve.mdns.Engine
local Engine = { __name = "mlxresolve.mdns.Engine" }
Engine.__index = Engine

local engine = {}

for name, fn in pairs(continuous) do
  Engine[name] = fn
end

---@param runtime mlxresolve.mdns.Runtime
---@return mlxresolve.mdns.Engine
function engine.new(runtime)
  local cares = interest.new()
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
    poof = runtime.poof,
    scopes = {},
    one_shot_id = 0,
    counts = { heard = 0, learnt = 0 },
    is_closed = false,
  }, Engine)
  self.lookups = lookups.new(self)
  self.outgoing = outgoing.new(self)
  self.watches = watches.new(self)
  self.doubts = doubts.new(self)
  self.hosts = hosts.new(self)
  return self
end

Engine.publish = publishing.publish

---------------------------------------------------------------- asking

--- Opens the sockets, once.
function Engine:open()
  if self.sockets then
    return
  end
  self.one_shot_id = self.world:random(65535)
  self.sockets = sockets.open(self.world, self.receive, self)
  self.sockets:update()
  self.network = self.world:watch_network(function(events)
    self:network_changed(events)
  end)
end

local function say_silence(self, request)
  local asked = request.lookup
  local count = asked and asked.questions or 0
  return nil,
    ("no answer on %s (%d question%s)"):format(
      scopes.describe(request.scope, self.sockets.links),
      count,
      count == 1 and "" or "s"
    ),
    "ENOTFOUND"
end

local function no_interface(options)
  local names = options.interfaces
  if names and names[1] then
    return ("%s: not up, or without an address to ask from"):format(table.concat(names, ", "))
  end
  return "no interface is up and has an address to ask from"
end

--- Asks one name, in a task. The answer comes from the store when it is known already.
---@param name string     canonical
---@param number integer  type
---@param options mlxresolve.mdns.AskOptions?
---@return string|nil packet, string status_or_message, integer|string ttl_or_code, integer? index
function Engine:ask(name, number, options)
  options = options or {}
  if self.is_closed then
    return nil, "the mDNS engine is closed", "ECLOSED"
  elseif number == 255 then
    return nil, "a question for any type has no one answer", "ENOTSUP"
  end
  self:open()
  local scope = scopes.of(self.scopes, options)
  if scope.names then
    self.sockets:want(scope.names)
  end
  if #scopes.links(scope, self.sockets.links) == 0 then
    return nil, no_interface(options), "ENETDOWN"
  elseif options.fresh then
    self:forget { name = name }
  end
  local type = core.wire.type_name(number)
  local request = { name = name, type = type, scope = scope, lookup = false }
  local packet, status, ttl, interface =
    self.scheduler:within(options.timeout or DEFAULT_TIMEOUT, answers.pursue, self, request)
  if not packet and ttl == "ETIMEOUT" then
    return say_silence(self, request)
  end
  return packet, status, ttl, interface
end

---------------------------------------------------------------- sending and hearing

--- The sockets' callback.
function Engine:receive(is_one_shot, data, from, port, interface, to, hops)
  local reason = hearing.dismiss(self, data)
  local at = { from = from, port = port, interface = interface, to = to, hops = hops }
  if reason == "query" and not is_one_shot then
    hearing.overhear(self, data, at)
    reason = self.responder and self.responder:query(data, at) or reason
  elseif not reason then
    reason = hearing.receive(self, is_one_shot, data, at) or "learnt"
  end
  local counts = self.counts
  counts.heard = counts.heard + 1
  counts[reason] = (counts[reason] or 0) + 1
end

--- Records of a name that somebody was told about have changed.
function Engine:changed(name)
  if self.runtime.cache then
    persistence.forget(self.runtime, { name = name })
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
  if self.waiting == 0 and self.sockets then
    self.sockets:rest()
    self.one_shot_id = self.world:random(65535)
  end
end

---------------------------------------------------------------- the network, and the end

local MATTERS = {
  link_added = true,
  link_changed = true,
  link_removed = true,
  address_added = true,
  address_removed = true,
}

--- Interfaces or addresses changed: what was heard there may be another network's.
---@param events table[]
function Engine:network_changed(events)
  local changed, was_down = {}, {}
  for _, event in ipairs(events) do
    if event.up == false or event.type == "link_removed" then
      was_down[event.index] = true
    end
    if event.type == "resynced" then
      changed = "all"
      self.store:forget {}
      break
    elseif MATTERS[event.type] then
      changed[event.index] = true
      self.store:forget { interface = event.index }
    end
  end
  if changed ~= "all" and not next(changed) then
    return
  end
  local gained = self.sockets:update(changed)
  if self.responder then
    self.responder:update(self.sockets.links, was_down)
  end
  for _, link in ipairs(gained) do
    self.lookups:each(function(present)
      if scopes.includes(present.scope, link) then
        present:ask_on(link)
      end
    end)
  end
  self.watches:network_changed()
end

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

--- Datagrams heard and learnt from, and the others by the reason why they were not;
--- records stored; questions that somebody waits for.
---@return table<string, integer>
function Engine:stats()
  local stats = { records = self.store.size, waiting = self.waiting }
  for name, count in pairs(self.counts) do
    stats[name] = count
  end
  return stats
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
