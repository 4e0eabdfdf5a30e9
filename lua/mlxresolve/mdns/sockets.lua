--- The sockets of the engine: per family one on port 5353, a member of the group on every
--- link, and one on an ephemeral port for one-shot questions, kept only while somebody asks.
---
--- Port 5353 is shared with whoever else speaks mDNS here. Multicast reaches every sharer,
--- unicast only one of them, so where another process holds the port (seen by binding it
--- alone first) questions do not ask for unicast replies; a one-shot question from a port of
--- our own (RFC 6762 sections 5.1 and 6.7) gets them instead.

local links = require("mlxresolve.mdns.links")
local sending = require("mlxresolve.mdns.sending")

-- What the kernel keeps for us while others have the processor: a flood must not hide questions.
local ROOM = 2 ^ 21

local FAMILIES = {
  {
    name = "ipv4",
    group = "224.0.0.251",
    to = "224.0.0.251:5353",
    port = "0.0.0.0:5353",
    ephemeral = "0.0.0.0:0",
  },
  {
    name = "ipv6",
    group = "ff02::fb",
    to = "[ff02::fb]:5353",
    port = "[::]:5353",
    ephemeral = "[::]:0",
  },
}

---@class mlxresolve.mdns.Sockets
---@field links mlxresolve.mdns.Link[]
local Sockets = { __name = "mlxresolve.mdns.Sockets" }
Sockets.__index = Sockets

local sockets = {}

for name, fn in pairs(sending) do
  Sockets[name] = fn
end

local function ignore() end

local function is_taken(world, family)
  local alone, _, code = world:udp({ bind = family.port }, ignore)
  if alone then
    alone:close()
  end
  return code == "EADDRINUSE"
end

local function open_family(self, family)
  local taken = is_taken(self.world, family)
  local socket, message, code = self.world:udp({
    bind = family.port,
    share = true,
    multicast = true,
    receive_bytes = ROOM,
    filter = self.interest,
  }, function(...)
    self.on_datagram(self.object, false, ...)
  end)
  self.families[#self.families + 1] = {
    about = family,
    socket = socket or false,
    one_shot = false,
    -- Unicast replies to port 5353 may go to somebody else, or cannot come at all.
    is_shared = taken or not socket,
    joined = {},
    message = message,
    code = code,
  }
end

--- Opens the shared sockets. A family whose port cannot be had still asks one-shot questions.
---@param world mlxresolve.World
---@param interest mlxresolve.Interest  told our addresses; filters what is heard
---@param on_datagram fun(object, is_one_shot: boolean, ...)  what World:udp says
---@param object any
---@return mlxresolve.mdns.Sockets
function sockets.open(world, interest, on_datagram, object)
  local self = setmetatable({
    world = world,
    interest = interest,
    on_datagram = on_datagram,
    object = object,
    families = {},
    named = {},
    links = {},
  }, Sockets)
  for _, family in ipairs(FAMILIES) do
    open_family(self, family)
  end
  return self
end

---------------------------------------------------------------- memberships

local function join(self, family, link, again)
  local index = link.index
  if again and family.joined[index] then
    family.socket:leave(family.about.group, index)
    family.joined[index] = nil
  end
  if family.joined[index] then
    return
  end
  local joined, message = family.socket:join(family.about.group, index)
  family.joined[index] = joined and true or nil
  if not joined then
    local line = ("mdns: cannot join %s on %s: %s"):format(family.about.group, link.name, message)
    self.world:log("warn", line)
  end
end

local function leave_gone(family, present)
  for index in pairs(family.joined) do
    if not (present[index] and present[index][family.about.name]) then
      family.socket:leave(family.about.group, index)
      family.joined[index] = nil
    end
  end
end

--- Looks at the interfaces anew. Memberships of links that changed are left and joined
--- again: kernels lose them when links flap, and switches forget them.
---@param changed table<integer, boolean>|"all"|nil  indexes
---@return mlxresolve.mdns.Link[] gained  links that were not there before
function Sockets:update(changed)
  local before, present, gained = {}, {}, {}
  for _, link in ipairs(self.links) do
    before[link.index] = link
  end
  self.links = links.choose(self.world:interfaces(), self.named)
  self.interest:own(links.addresses(self.links))
  for _, link in ipairs(self.links) do
    present[link.index] = link
    if not before[link.index] then
      gained[#gained + 1] = link
    end
  end
  for _, family in ipairs(self.families) do
    if family.socket then
      leave_gone(family, present)
      for _, link in ipairs(self.links) do
        if link[family.about.name] then
          join(self, family, link, changed == "all" or (changed and changed[link.index]))
        end
      end
    end
  end
  return gained
end

--- Makes sure that interfaces which somebody names are spoken on.
---@param names table<string, any>
function Sockets:want(names)
  local is_new = false
  for name in pairs(names) do
    is_new = is_new or not self.named[name]
    self.named[name] = true
  end
  if is_new then
    self:update()
  end
end

---------------------------------------------------------------- resting, and the end

--- Closes the ephemeral ports; the next one-shot question gets new ones.
function Sockets:rest()
  for _, family in ipairs(self.families) do
    if family.one_shot then
      family.one_shot:close()
      family.one_shot = false
    end
  end
end

function Sockets:close()
  self:rest()
  for _, family in ipairs(self.families) do
    if family.socket then
      family.socket:close()
      family.socket = false
    end
  end
  self.links = {}
end

return sockets
