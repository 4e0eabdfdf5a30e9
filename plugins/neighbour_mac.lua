--- Recognises a host by its network card: the neighbour table has the MAC of its name.
---
--- Good against mistakes and strangers, not against an impostor: a MAC is easily taken on.
local mlx = require("mlxresolve")

local neighbour_mac = {
  options = {
    macs = {
      "map",
      keys = "zone",
      of = { "choice", of = { "mac", { "list", of = "mac", min = 1 } } },
      default = {},
      doc = "the MAC, or the MACs, of each name",
    },
    first_use = {
      "boolean",
      default = false,
      doc = "hold hosts without a MAC here to the one with which they were first met",
    },
  },
}

function neighbour_mac:open()
  self.by_name = {}
  for name, macs in pairs(self.options.macs) do
    local wanted = {}
    for _, mac in ipairs(type(macs) == "table" and macs or { macs }) do
      wanted[mac] = true
    end
    self.by_name[mlx.name.canonical(name) or name] = wanted
  end
end

--- The MACs that a name may have; nothing when there are none.
local function wanted_of(self, name, ctx)
  local first = not self.by_name[name] and self.options.first_use and ctx:remembered(name)
  return first and { [first] = true } or self.by_name[name]
end

function neighbour_mac:knows(name, ctx)
  return wanted_of(self, name, ctx) ~= nil
end

local function mac_of(address, ctx)
  for _, neighbour in ipairs(ctx:neighbours()) do
    if neighbour.address == address then
      return neighbour.mac
    end
  end
end

function neighbour_mac:identify(name, address, ctx)
  local wanted = wanted_of(self, name, ctx)
  local mac = wanted and mac_of(address, ctx)
  if not mac or wanted[mac] then
    return mac and true
  end
  return nil, ("has the MAC %s, not that of %s"):format(mac, name), "EIDENTITY"
end

function neighbour_mac:learn(name, address, ctx)
  if self.options.first_use and not wanted_of(self, name, ctx) then
    local mac = mac_of(address, ctx)
    return mac and ctx:remember(name, mac)
  end
end

return neighbour_mac
