--- The responder of the engine: says what this machine publishes, keeps its names its own, and
--- says goodbye (RFC 6762 sections 6 to 10, RFC 6763).
---
---   local published = assert(engine:publish { service = "_mlx._tcp", port = 50051 })
---   published:close()
---
--- Each link is a view of its own, with its own addresses; a name is one for all links, so that a
--- conflict on one of them renames it everywhere.

local claims = require("mlxresolve.mdns.responder.claims")
local incoming = require("mlxresolve.mdns.responder.incoming")
local gathers = require("mlxresolve.mdns.responder.gathers")
local own = require("mlxresolve.mdns.responder.own")
local port = require("mlxresolve.mdns.responder.port")
local steps = require("mlxresolve.mdns.responder.steps")
local views = require("mlxresolve.mdns.responder.view")

-- Section 8.1.
local FIRST_DELAY = 250
-- What is left after an address has gone is said again so much later, ms.
local LEFTOVER = 250
-- Where an avahi-daemon may be started at any time.
local AVAHI = "/etc/avahi/avahi-daemon.conf"

---@class mlxresolve.mdns.Responder
---@field views table<integer, mlxresolve.mdns.View>
local Responder = { __name = "mlxresolve.mdns.Responder" }
Responder.__index = Responder

local responder = {}

---@param engine mlxresolve.mdns.Engine
---@return mlxresolve.mdns.Responder
function responder.new(engine)
  return setmetatable({
    engine = engine,
    world = engine.world,
    scheduler = engine.scheduler,
    claims = {},
    views = {},
    watched = {},
    gathers = gathers.new(engine.scheduler, engine.interest),
    own = {},
    is_beside_avahi = engine.world:read_file(AVAHI) ~= nil,
  }, Responder)
end

function Responder:random()
  return self.world:random()
end

---------------------------------------------------------------- sending

--- Sends on a link; what goes to the group will come back and is remembered.
---@param link mlxresolve.mdns.Link
---@param family "ipv4"|"ipv6"
---@param packet string
---@param to string
function Responder:send(link, family, packet, to)
  self.engine.interest:sent("owned", packet)
  port.send(self.engine.sockets, family, packet, to, link)
end

---@param family "ipv4"|"ipv6"
---@return boolean
function Responder:is_shared(family)
  return port.is_shared(self.engine.sockets, family)
end

--- Is this an address of this machine, on whatever link?
---@param address string
---@return boolean
function Responder:is_own_address(address)
  return self.own[address:match("^[^%%]*")] or false
end

---------------------------------------------------------------- hearing

--- The names that packets may concern us by have changed.
function Responder:watch()
  local present = {}
  for _, view in pairs(self.views) do
    for _, one in pairs(view.by_id) do
      present[one.key] = true
    end
  end
  local interest, watched = self.engine.interest, self.watched
  for key in pairs(present) do
    if not watched[key] then
      interest:add(key, "owned")
    end
  end
  for key in pairs(watched) do
    if not present[key] then
      interest:remove(key, "owned")
    end
  end
  self.watched = present
end

for _, part in ipairs { claims, incoming } do
  for name, fn in pairs(part) do
    Responder[name] = fn
  end
end

---------------------------------------------------------------- the network, and the end

-- Has the link addresses that it did not have before? And has it lost some?
local function compare(before, link)
  local had, has_gained, kept = {}, false, 0
  for _, address in ipairs(before.addresses) do
    had[address] = true
  end
  for _, address in ipairs(link.addresses) do
    has_gained = has_gained or not had[address]
    kept = kept + (had[address] and 1 or 0)
  end
  return has_gained, kept < #before.addresses
end

local function announce_hosts(view)
  view.leftover = false
  for _, claim in ipairs(view.order) do
    if claim.is_host then
      steps.announce(view, claim)
    end
  end
end

-- Of an address that is gone, the goodbye tells. The others are said again, for whoever missed it;
-- mostly another one comes in its place, and then all are said anyhow.
local function announce_later(self, view)
  view:drop_leftover()
  view.leftover = self.scheduler:after(LEFTOVER, announce_hosts, view)
end

local function move(self, view, link)
  local has_gained, has_lost = compare(view.link, link)
  view.link = link
  if not (has_gained or has_lost) then
    return
  end
  local gone = view:rebuild()
  view:goodbye(gone)
  if has_gained then
    view:drop_leftover()
    announce_hosts(view)
  else
    announce_later(self, view)
  end
  for _, claim in ipairs(view.order) do
    if claim.is_host then
      self:tell_change(claim.key)
    end
  end
end

local function leave(self, view)
  view:close()
  self.views[view.link.index] = nil
  for _, claim in ipairs(view.order) do
    self:tell_change(claim.key)
  end
end

local function enter(self, link)
  local view = views.new(self, link)
  self.views[link.index] = view
  view.wave = self.scheduler:now() + self:random() * FIRST_DELAY
  for _, claim in ipairs(self.claims) do
    steps.begin(view, claim, view.wave)
  end
end

--- The links are these now. Those that were down in between are new: what was ours there may be
--- another's now (section 10.2).
---@param links mlxresolve.mdns.Link[]
---@param was_down table<integer, boolean>?
function Responder:update(links, was_down)
  local present = {}
  self.own = {}
  for _, link in ipairs(links) do
    present[link.index] = link
    for address in pairs(link.own) do
      self.own[address] = true
    end
  end
  for index, view in pairs(self.views) do
    if not present[index] or not present[index].is_default or (was_down and was_down[index]) then
      leave(self, view)
    end
  end
  for _, link in ipairs(links) do
    local view = self.views[link.index]
    if view then
      move(self, view, link)
    elseif link.is_default then
      enter(self, link)
    end
  end
  self:watch()
end

--- What we say ourselves of a name, on these interfaces; nil for what is not ours.
---@param name string
---@param type string
---@param interfaces table<integer, boolean>|nil
---@return mlxresolve.mdns.Own|nil
function Responder:lookup(name, type, interfaces)
  return own.find(self.views, name, type, interfaces)
end

--- Says goodbye to everything and ends.
function Responder:close()
  for _, view in pairs(self.views) do
    view:goodbye(view:all())
    view:close()
  end
  self.gathers:close()
  for _, claim in ipairs(self.claims) do
    if claim.leaving then
      self.scheduler:stop(claim.leaving)
    end
  end
  self.claims, self.views = {}, {}
  self:watch()
end

return responder
