--- The claim to a host name: the addresses of each link under it, and the way back from them.

local type_of = require("mlxresolve.address").type
local core = require("mlxresolve.core")
local labels = require("mlxresolve.mdns.responder.labels")
local record = require("mlxresolve.mdns.responder.record")

---@class mlxresolve.mdns.HostClaim: mlxresolve.mdns.Claim
local Host = { __name = "mlxresolve.mdns.HostClaim", is_host = true }
Host.__index = Host

local host = {}

local function take_label(self, label)
  self.label = label
  self.name = labels.text(label) .. "local."
  self.key = assert(core.name.canonical(self.name))
  self.wanted = self.wanted or self.name
end

--- The label that is meant: "mini2", "mini2.local" and "mini2.example.org" are the same host.
---@param name string
---@return string|nil label, string? message, string? code
function host.label(name)
  local label = type(name) == "string" and name:match("^[^.]+")
  if not labels.is_good(label) then
    local text = "a host name to publish is a label of 1 to 63 bytes, got %q"
    return nil, text:format(tostring(name)), "EINVAL"
  end
  return label
end

---@param label string
---@param is_beside_avahi boolean  see `relevant`
---@return mlxresolve.mdns.HostClaim
function host.new(label, is_beside_avahi)
  local self = setmetatable({ users = 0, conflicts = {} }, Host)
  self.is_beside_avahi = is_beside_avahi
  take_label(self, label)
  return self
end

function Host:rename()
  take_label(self, labels.next_host(self.label))
end

local function add(list, fields)
  local one = record.new(fields)
  if one then
    list[#list + 1] = one
  end
end

local function is_link_local(address)
  return address:find("^fe[89ab]") ~= nil or address:find("^169%.254%.") ~= nil
end

-- Of a family, link-local addresses only where there are no others: so does Avahi, and with sets
-- that differ it would take us, on the same machine, for a conflict and rename itself (section 15).
local function relevant(addresses)
  local has_wide = {}
  for _, address in ipairs(addresses) do
    local family = address:find(":", 1, true) and 6 or 4
    has_wide[family] = has_wide[family] or not is_link_local(address)
  end
  local kept = {}
  for _, address in ipairs(addresses) do
    local family = address:find(":", 1, true) and 6 or 4
    if not (has_wide[family] and is_link_local(address)) then
      kept[#kept + 1] = address
    end
  end
  return kept
end

--- Its records on a link: all addresses that are valid there and no others (section 6.2).
---@param link mlxresolve.mdns.Link
---@return mlxresolve.mdns.Published[]
function Host:records(link)
  local list, addresses = {}, link.addresses
  if self.is_beside_avahi then
    addresses = relevant(addresses)
  end
  for _, address in ipairs(addresses) do
    add(list, {
      name = self.name,
      type = type_of(address),
      data = address,
      ttl = record.HOST_TTL,
      is_unique = true,
    })
  end
  for _, address in ipairs(addresses) do
    add(list, {
      name = core.name.reverse(address),
      type = "PTR",
      data = self.name,
      ttl = record.HOST_TTL,
      is_unique = true,
      -- The address is this machine's all the same, whoever else gives it a name.
      yields = true,
    })
  end
  return list
end

return host
