--- Recognises a host by its network card: the neighbour table has the MAC of its name.
---
--- Good against mistakes and strangers, not against an impostor: a MAC is easily taken on.
local mlx = require("mlxresolve")

local neighbour_mac = {
  options = {
    macs = {
      "map",
      of = { "choice", of = { "mac", { "list", of = "mac", min = 1 } } },
      required = true,
      doc = "the MAC, or the MACs, of each name",
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

function neighbour_mac:knows(name)
  return self.by_name[name] ~= nil
end

function neighbour_mac:identify(name, address, ctx)
  local wanted = self.by_name[name]
  if not wanted then
    return nil
  end
  for _, neighbour in ipairs(ctx:neighbours()) do
    if neighbour.address == address then
      if wanted[neighbour.mac] then
        return true
      end
      return nil, ("has the MAC %s, not that of %s"):format(neighbour.mac, name), "EIDENTITY"
    end
  end
end

return neighbour_mac
