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

local LINKS = { link_added = true, link_changed = true, link_removed = true }

local function gather(events)
  local changed, was_down, is_any, has_slept = {}, {}, false, false
  for _, event in ipairs(events) do
    if event.up == false or event.type == "link_removed" then
      was_down[event.index] = true
    end
    if MATTERS[event.type] then
      changed[event.index] = LINKS[event.type] and "link" or changed[event.index] or "address"
    end
    is_any = is_any or ANYTHING[event.type] or false
    has_slept = has_slept or event.type == "resumed"
  end
  return is_any and "all" or changed, was_down, has_slept
end

--- The networks of each link, as one text.
local function networks_of(links)
  local networks = {}
  for _, link in ipairs(links) do
    local list, seen = {}, {}
    for _, network in ipairs(link.networks) do
      list[#list + 1] = not seen[network] and network or nil
      seen[network] = true
    end
    table.sort(list)
    networks[link.index] = table.concat(list, " ")
  end
  return networks
end

--- One more address in a network that is here, such as a temporary one (RFC 8981), says nothing
--- about others; what a link was told of while it was away, or in other networks, may be wrong.
local function forget(self, changed, before)
  if changed == "all" then
    self.store:forget {}
    return true
  end
  local after, is_any = networks_of(self.sockets.links), false
  for index, kind in pairs(changed) do
    if kind == "link" or before[index] ~= after[index] then
      self.store:forget { interface = index }
      is_any = true
    end
  end
  return is_any
end

--- Interfaces or addresses changed: what was heard there may be another network's. Whoever slept
--- was away from all links (RFC 6762 section 8).
---@param events table[]
function roaming:network_changed(events)
  local changed, was_down, has_slept = gather(events)
  if changed ~= "all" and not next(changed) then
    return
  end
  local before = networks_of(self.sockets.links)
  for _, link in ipairs(has_slept and self.sockets.links or {}) do
    was_down[link.index] = true
  end
  local gained = self.sockets:update(changed)
  local has_forgotten = forget(self, changed, before)
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
  if has_forgotten then
    self.watches:network_changed()
  end
end

return roaming
