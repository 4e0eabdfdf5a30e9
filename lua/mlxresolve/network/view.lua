--- What this machine's network looks like at a moment, as far as names depend on it, for a
--- comparison with a later one.

local family_of = require("mlxresolve.address").family
local without_scope = require("mlxresolve.address").without_scope
local core = require("mlxresolve.core")

local MOST_MACS = 64

local view = {}

---@class mlxresolve.NetworkView
---@field interfaces table<integer, { name: string, up: boolean, addresses: table<string, string> }>
---  by index; `addresses`: address → its network, "192.0.2.0/24"
---@field gateways { ipv4: table<string, integer>, ipv6: table<string, integer> }
---  gateway → index of its interface
---@field macs table<string, string>  "index gateway" → MAC, as far as known

local function network_of(entry)
  local plain = without_scope(entry.address)
  local base, length = core.address.network(plain .. "/" .. entry.prefix)
  return plain, base and ("%s/%d"):format(base, length) or false
end

local function addresses_of(interface)
  local addresses = {}
  for _, entry in ipairs(interface.addresses or {}) do
    if not entry.tentative then
      local plain, network = network_of(entry)
      addresses[plain] = network
    end
  end
  return addresses
end

local function remember(macs, known)
  local count = 0
  for key, mac in pairs(known) do
    count = count + 1
    macs[key] = count <= MOST_MACS and mac or nil
  end
end

--- The MACs of the gateways among the neighbours.
local function macs_of(self, neighbours)
  for _, neighbour in ipairs(neighbours) do
    local address = without_scope(neighbour.address)
    local is_gateway = self.gateways.ipv4[address] or self.gateways.ipv6[address]
    if is_gateway == neighbour.index and neighbour.mac and neighbour.mac ~= "" then
      self.macs[neighbour.index .. " " .. address] = neighbour.mac
    end
  end
end

---@param interfaces mlxresolve.Interface[]
---@param neighbours mlxresolve.Neighbour[]
---@param previous mlxresolve.NetworkView|false|nil  what its gateways' MACs were is not forgotten
---@return mlxresolve.NetworkView
function view.take(interfaces, neighbours, previous)
  local self = { interfaces = {}, gateways = { ipv4 = {}, ipv6 = {} }, macs = {} }
  remember(self.macs, previous and previous.macs or {})
  for _, interface in ipairs(interfaces) do
    self.interfaces[interface.index] = {
      name = interface.name,
      up = interface.up,
      addresses = addresses_of(interface),
    }
    for _, gateway in ipairs(interface.up and interface.gateways or {}) do
      local plain = without_scope(gateway)
      local family = family_of(plain)
      self.gateways[family][plain ~= "" and plain or "on-link"] = interface.index
    end
  end
  macs_of(self, neighbours)
  return self
end

---------------------------------------------------------------- comparing

local function each_address(self, fn)
  for index, interface in pairs(self.interfaces) do
    for address, network in pairs(interface.addresses) do
      fn(address, network, index, interface.name)
    end
  end
end

local function has(self, index, address)
  local interface = self.interfaces[index]
  return interface and interface.addresses[address] ~= nil
end

local function missing(from, to)
  local list = {}
  each_address(from, function(address, _, index, name)
    if not has(to, index, address) then
      list[#list + 1] = { address = address, interface = name, index = index }
    end
  end)
  table.sort(list, function(a, b)
    return a.interface .. a.address < b.interface .. b.address
  end)
  return list
end

--- The addresses that came and went, and of those, which moved to another interface and which took
--- another's place.
---@param before mlxresolve.NetworkView
---@param after mlxresolve.NetworkView
---@return table added, table removed, table moved, table replaced
function view.addresses(before, after)
  local removed, added = missing(before, after), missing(after, before)
  local moved, replaced = {}, {}
  for _, new in ipairs(added) do
    for _, old in ipairs(removed) do
      if old.address == new.address then
        moved[#moved + 1] = { address = new.address, from = old.interface, to = new.interface }
      elseif old.index == new.index and family_of(old.address) == family_of(new.address) then
        replaced[#replaced + 1] =
          { interface = new.interface, was = old.address, address = new.address }
      end
    end
  end
  return added, removed, moved, replaced
end

local function networks_of(self, index)
  local found, interface = {}, self.interfaces[index]
  if interface and interface.up then
    for _, network in pairs(interface.addresses) do
      if network then
        found[network] = true
      end
    end
  end
  return found
end

--- The networks that an interface has left, sorted.
---@param before mlxresolve.NetworkView
---@param after mlxresolve.NetworkView
---@param index integer
---@return string[]
function view.left(before, after, index)
  local list, now = {}, networks_of(after, index)
  for network in pairs(networks_of(before, index)) do
    if not now[network] then
      list[#list + 1] = network
    end
  end
  table.sort(list)
  return list
end

local function list_of(gateways)
  local list = {}
  for gateway in pairs(gateways) do
    list[#list + 1] = gateway
  end
  table.sort(list)
  return list
end

--- How the default routes of the families changed: { ipv4 = { was = { … }, now = { … } } }.
---@param before mlxresolve.NetworkView
---@param after mlxresolve.NetworkView
---@return table<string, { was: string[], now: string[] }>
function view.gateways(before, after)
  local changed = {}
  for _, family in ipairs { "ipv4", "ipv6" } do
    local was, now = before.gateways[family], after.gateways[family]
    local is_other = false
    for gateway, index in pairs(now) do
      is_other = is_other or was[gateway] ~= index
    end
    for gateway, index in pairs(was) do
      is_other = is_other or now[gateway] ~= index
    end
    if is_other then
      changed[family] = { was = list_of(was), now = list_of(now) }
    end
  end
  return changed
end

--- The indexes of interfaces behind whose gateway's address there is another machine now.
---@param before mlxresolve.NetworkView
---@param after mlxresolve.NetworkView
---@return integer[]
function view.strangers(before, after)
  local list = {}
  for key, mac in pairs(after.macs) do
    if before.macs[key] and before.macs[key] ~= mac then
      list[#list + 1] = tonumber(key:match("^%d+"))
    end
  end
  table.sort(list)
  return list
end

--- Is there any interface but loopback that is up and has an address? Unknown counts as yes.
---@param self mlxresolve.NetworkView
---@return boolean
function view.is_online(self)
  local is_known = false
  for _, interface in pairs(self.interfaces) do
    is_known = true
    for address in pairs(interface.up and interface.addresses or {}) do
      if not (address:find("^127%.") or address == "::1") then
        return true
      end
    end
  end
  return not is_known
end

return view
