--- The sockets of the engine: per family one on port 5353, a member of the group on every
--- link, and one on an ephemeral port for one-shot questions, kept only while somebody asks.
---
--- Port 5353 is shared with whoever else speaks mDNS here. Multicast reaches every sharer,
--- unicast only one of them, so where another process holds the port (seen by binding it
--- alone first) questions do not ask for unicast replies; a one-shot question from a port of
--- our own (RFC 6762 sections 5.1 and 6.7) gets them instead.

local links = require("mlxresolve.mdns.links")

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
---@param on_datagram fun(object, is_one_shot: boolean, data, from, port, interface, to, hops)
---@param object any
---@return mlxresolve.mdns.Sockets
function sockets.open(world, on_datagram, object)
  local self = setmetatable({
    world = world,
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

---------------------------------------------------------------- sending

local function one_shot_socket(self, family)
  if not family.one_shot then
    local options = { bind = family.about.ephemeral, multicast = true }
    local socket, message, code = self.world:udp(options, function(...)
      self.on_datagram(self.object, true, ...)
    end)
    if not socket then
      return nil, message, code
    end
    family.one_shot = socket
  end
  return family.one_shot
end

--- Sends to the group on each link that speaks the family.
local function send(family, socket, packet, speaking, tally)
  for _, link in ipairs(speaking) do
    if link[family.about.name] then
      local sent, message, code = socket:send(packet, family.about.to, link.index)
      if sent then
        tally.sent = tally.sent + 1
      else
        tally.message, tally.code = ("%s: %s"):format(link.name, message), code
      end
    end
  end
end

local function send_one_shot(self, family, packets, speaking, tally)
  local socket, message, code = one_shot_socket(self, family)
  if not socket then
    tally.message, tally.code = message, code
    return
  end
  send(family, socket, packets.one_shot, speaking, tally)
end

---@class mlxresolve.mdns.Packets
---@field unicast string    the questions with the QU bit
---@field multicast string  without
---@field one_shot string   with an ID of its own

--- Sends questions: "first" asks for unicast replies, "again" for multicast ones, "one_shot"
--- from the ephemeral port. Returns how many datagrams left and, when none did, why.
---@param mode "first"|"again"|"one_shot"
---@param packets mlxresolve.mdns.Packets
---@param speaking mlxresolve.mdns.Link[]
---@param families { ipv4: boolean, ipv6: boolean }
---@return integer sent, string? message, string? code
function Sockets:ask(mode, packets, speaking, families)
  local tally = { sent = 0 }
  for _, family in ipairs(self.families) do
    if families[family.about.name] then
      local is_first = mode == "first"
      if family.socket and mode ~= "one_shot" then
        local packet = is_first and not family.is_shared and packets.unicast or packets.multicast
        send(family, family.socket, packet, speaking, tally)
      end
      if mode == "one_shot" or not family.socket or (is_first and family.is_shared) then
        send_one_shot(self, family, packets, speaking, tally)
      end
    end
  end
  return tally.sent, tally.message, tally.code
end

--- Asks one host on a link (RFC 6762 section 5.5); its answer comes by unicast.
---@param packets mlxresolve.mdns.Packets
---@param host string  an address
---@param link mlxresolve.mdns.Link
---@return integer sent, string? message, string? code
function Sockets:ask_host(packets, host, link)
  local name = host:find(":", 1, true) and "ipv6" or "ipv4"
  local to = (name == "ipv6" and "[%s]:5353" or "%s:5353"):format(host)
  for _, family in ipairs(self.families) do
    if family.about.name == name then
      local is_own = family.socket and not family.is_shared
      local socket, message, code
      if is_own then
        socket = family.socket
      else
        socket, message, code = one_shot_socket(self, family)
      end
      local sent
      if socket then
        local packet = is_own and packets.unicast or packets.one_shot
        sent, message, code = socket:send(packet, to, link.index)
      end
      return sent and 1 or 0, message, code
    end
  end
  return 0
end

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
