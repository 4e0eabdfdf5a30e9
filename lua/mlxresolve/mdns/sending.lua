--- How questions leave through the engine's sockets: by which of them, asking for which replies.

local family_of = require("mlxresolve.address").family

---@class mlxresolve.mdns.Sockets
local sending = {}

local function one_shot_socket(self, family)
  if not family.one_shot then
    local options = { bind = family.about.ephemeral, multicast = true, filter = self.interest }
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

local function send(family, socket, packet, link, tally)
  local sent, message, code = socket:send(packet, family.about.to, link.index)
  if sent then
    tally.sent = tally.sent + 1
  else
    tally.message, tally.code = ("%s: %s"):format(link.name, message), code
  end
end

local function send_one_shot(self, family, packets, link, tally)
  local socket, message, code = one_shot_socket(self, family)
  if not socket then
    tally.message, tally.code = message, code
    return
  end
  send(family, socket, packets.one_shot, link, tally)
end

---@class mlxresolve.mdns.Packets
---@field unicast string    the questions with the QU bit
---@field multicast string  without
---@field one_shot string   with an ID of its own

--- Sends questions to the group on a link, over those of the families that it speaks: "first" asks
--- for unicast replies, "again" for multicast ones, "one_shot" from the ephemeral port. Returns how
--- many datagrams left and, when none did, why.
---@param mode "first"|"again"|"one_shot"
---@param packets mlxresolve.mdns.Packets
---@param link mlxresolve.mdns.Link
---@param families { ipv4: boolean, ipv6: boolean }
---@return integer sent, string? message, string? code
function sending:ask(mode, packets, link, families)
  local tally, is_first = { sent = 0 }, mode == "first"
  for i = 1, #self.families do
    local family = self.families[i]
    local name = family.about.name
    if families[name] and link[name] then
      local socket = mode ~= "one_shot" and family.socket
      if socket then
        local packet = is_first and not family.is_shared and packets.unicast or packets.multicast
        send(family, socket, packet, link, tally)
      end
      if not socket or (is_first and family.is_shared) then
        send_one_shot(self, family, packets, link, tally)
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
function sending:ask_host(packets, host, link)
  local name = family_of(host)
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

return sending
