--- Behind which network card an address is: when it turns up behind another, another machine may
--- have it, and what its host has proved counts no more.

local without_scope = require("mlxresolve.address").without_scope

local MAX_ADDRESSES = 1024 -- beyond it the memory begins anew

local cards = {}

local function meet(identity, known, address, mac)
  local before = known.macs[address]
  if not before then
    known.count = known.count + 1
    if known.count > MAX_ADDRESSES then
      known.macs, known.count = {}, 1
    end
  end
  known.macs[address] = mac
  if before and before ~= mac then
    identity:moved(address)
  end
end

--- Watches the neighbours, from now on, and tells `identity:moved(address)`.
---@param identity mlxresolve.Identity
---@return { close: fun(self) }
function cards.watch(identity)
  local known = { macs = {}, count = 0 }
  return identity.runtime.world:watch_network(function(events)
    for _, event in ipairs(events) do
      if event.type == "neighbour_changed" and event.mac then
        meet(identity, known, without_scope(event.address), event.mac)
      end
    end
  end)
end

return cards
