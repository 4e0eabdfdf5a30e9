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

-- Events were lost, or passed while the machine slept.
local ANYTHING = { resynced = true, resumed = true }

local function gather(events)
  local changed, was_down, is_any, has_slept = {}, {}, false, false
  for _, event in ipairs(events) do
    if event.up == false or event.type == "link_removed" then
      was_down[event.index] = true
    end
    if MATTERS[event.type] then
      changed[event.index] = true
    end
    is_any = is_any or ANYTHING[event.type] or false
    has_slept = has_slept or event.type == "resumed"
  end
  return is_any and "all" or changed, was_down, has_slept
end

local function forget(self, changed)
  if changed == "all" then
    return self.store:forget {}
  end
  for index in pairs(changed) do
    self.store:forget { interface = index }
  end
end

--- Interfaces or addresses changed: what was heard there may be another network's. Whoever slept
--- was away from all links (RFC 6762 section 8).
---@param events table[]
function roaming:network_changed(events)
  local changed, was_down, has_slept = gather(events)
  if changed ~= "all" and not next(changed) then
    return
  end
  forget(self, changed)
  for _, link in ipairs(has_slept and self.sockets.links or {}) do
    was_down[link.index] = true
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
