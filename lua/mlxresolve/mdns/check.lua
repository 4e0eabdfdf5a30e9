--- What may be believed: RFC 6762 sections 6 and 11.
---
--- Everybody on the link may answer, nobody else may. A packet to the multicast group cannot
--- have come from elsewhere; one to our own address proves its origin by its source, and is
--- accepted only while a question that asked for it is young.

local without_scope = require("mlxresolve.address").without_scope
local links = require("mlxresolve.mdns.links")

local check = {
  --- For how long a unicast reply is welcome after its question, ms (section 6).
  UNICAST_WINDOW = 2000,
}

local PORT = 5353

---@class mlxresolve.mdns.Circumstances
---@field from string
---@field port integer
---@field interface integer  0 when unknown
---@field to string|false
---@field hops integer       -1 when unknown

---@param to string|false
---@return boolean
function check.is_multicast(to)
  return to and (to == "224.0.0.251" or to:find("ff02::fb", 1, true) == 1) or false
end

-- This machine's own replies to its own address arrive on loopback.
local function own_link(speaking, from)
  local plain = without_scope(from)
  for _, link in ipairs(speaking) do
    if link.own[plain] then
      return link
    end
  end
end

local function arrival_link(speaking, at)
  for _, link in ipairs(speaking) do
    if link.index == at.interface then
      return link
    end
  end
  local own = own_link(speaking, at.from)
  if own or at.interface ~= 0 then
    return own
  end
  for _, link in ipairs(speaking) do
    if links.is_on(link, at.from, -1) then
      return link
    end
  end
end

--- The link on which a response was heard, or nil and why it is not believed: "port",
--- "interface" or "off_link".
---@param speaking mlxresolve.mdns.Link[]  the links that mDNS is spoken on
---@param at mlxresolve.mdns.Circumstances
---@return mlxresolve.mdns.Link|nil, string? reason
function check.link(speaking, at)
  if at.port ~= PORT then
    return nil, "port"
  end
  local link = arrival_link(speaking, at)
  if not link then
    return nil, "interface"
  elseif check.is_multicast(at.to) or links.is_on(link, at.from, at.hops) then
    return link
  end
  local plain = without_scope(at.from)
  if link.own[plain] then
    return link
  end
  return nil, "off_link"
end

--- The link on which a query was heard, and whether its sender is certainly on it: others get no
--- unicast replies. Nil and why for one that is to be ignored (sections 5.5 and 11).
---@param speaking mlxresolve.mdns.Link[]
---@param at mlxresolve.mdns.Circumstances
---@return mlxresolve.mdns.Link|nil, boolean is_on_link, string? reason
function check.query(speaking, at)
  local link = arrival_link(speaking, at)
  if not link then
    return nil, false, "interface"
  end
  local plain = without_scope(at.from)
  local is_on_link = link.own[plain] or links.is_on(link, at.from, -1)
  if is_on_link or check.is_multicast(at.to) then
    return link, is_on_link
  end
  return nil, false, "off_link"
end

return check
