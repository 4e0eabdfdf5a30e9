--- Which interfaces mDNS is spoken on, and what counts as coming from their links.

local without_scope = require("mlxresolve.address").without_scope
local core = require("mlxresolve.core")

local links = {}

---@class mlxresolve.mdns.Link
---@field index integer
---@field name string
---@field kind string       of the interface: "wifi"
---@field ipv4 boolean      has an address of the family to speak from
---@field ipv6 boolean
---@field networks string[] "192.0.2.0/24": what is on this link
---@field is_default boolean  spoken on unless the asker names interfaces
---@field own table<string, boolean>  this machine's addresses on it
---@field addresses string[]          the same in order, without scopes
---@field mtu integer

local function speaks_for(interface)
  local link = { index = interface.index, name = interface.name, kind = interface.kind }
  link.ipv4, link.ipv6, link.mtu = false, false, interface.mtu
  link.networks, link.own, link.addresses = {}, {}, {}
  for _, address in ipairs(interface.addresses) do
    if not address.tentative then
      link[address.family] = true
      -- The scope is the interface itself.
      local plain = without_scope(address.address)
      link.own[plain] = true
      link.addresses[#link.addresses + 1] = plain
      local base, length = core.address.network(plain .. "/" .. address.prefix)
      if base then
        link.networks[#link.networks + 1] = ("%s/%d"):format(base, length)
      end
    end
  end
  return link
end

local function is_default(interface)
  return interface.multicast
    and not interface.point_to_point
    and interface.kind ~= "tunnel"
    and interface.kind ~= "loopback"
end

local function add(chosen, interface, default)
  local link = interface.up and speaks_for(interface)
  if link and (link.ipv4 or link.ipv6) then
    link.is_default = default
    chosen[#chosen + 1] = link
  end
  return link and default
end

--- The links to speak on: every interface that is up, has an address and can multicast, but
--- no point-to-point one and no tunnel unless it is named, and loopback only when it is
--- named or nothing else is there.
---@param interfaces mlxresolve.Interface[]
---@param named table<string, any>  names that are wanted whatever they are
---@return mlxresolve.mdns.Link[]
function links.choose(interfaces, named)
  local chosen, has_default = {}, false
  for _, interface in ipairs(interfaces) do
    local default = is_default(interface)
    if default or (named[interface.name] and interface.kind ~= "loopback") then
      has_default = add(chosen, interface, default) or has_default
    end
  end
  for _, interface in ipairs(interfaces) do
    if interface.kind == "loopback" and (not has_default or named[interface.name]) then
      add(chosen, interface, not has_default)
    end
  end
  return chosen
end

--- This machine's addresses on all of them, without scopes.
---@param list mlxresolve.mdns.Link[]
---@return string[]
function links.addresses(list)
  local all = {}
  for _, link in ipairs(list) do
    for _, address in ipairs(link.addresses) do
      all[#all + 1] = address
    end
  end
  return all
end

--- Is this source on the link (RFC 6762 section 11)? A hop limit of 255 proves it, since
--- no router lets it pass; so does a link-local address.
---@param link mlxresolve.mdns.Link
---@param from string
---@param hops integer
---@return boolean
function links.is_on(link, from, hops)
  if hops == 255 or from:find("^fe[89ab]") or from:find("^169%.254%.") then
    return true
  end
  for i = 1, #link.networks do
    if core.address.is_within(from, link.networks[i]) then
      return true
    end
  end
  return false
end

return links
