--- What the engine does when the network changes under it.

local scopes = require("mlxresolve.mdns.scopes")

---@class mlxresolve.mdns.Engine
local roaming = {}

local MATTERS = {
  link_added = true,
  link_changed = true,
  link_removed = true,
  address_added = true,
  address_removed = true,
}

--- Interfaces or addresses changed: what was heard there may be another network's.
---@param events table[]
function roaming:network_changed(events)
  local changed, was_down = {}, {}
  for _, event in ipairs(events) do
    if event.up == false or event.type == "link_removed" then
      was_down[event.index] = true
    end
    if event.type == "resynced" then
      changed = "all"
      self.store:forget {}
      break
    elseif MATTERS[event.type] then
      changed[event.index] = true
      self.store:forget { interface = event.index }
    end
  end
  if changed ~= "all" and not next(changed) then
    return
  end
  local gained = self.sockets:update(changed)
  if self.responder then
    self.responder:update(self.sockets.links, was_down)
  end
  for _, link in ipairs(gained) do
    self.lookups:each(function(present)
      if scopes.includes(present.scope, link) then
        present:ask_on(link)
      end
    end)
  end
  self.watches:network_changed()
end

return roaming
