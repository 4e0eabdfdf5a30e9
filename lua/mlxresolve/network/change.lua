--- One change out of many events and of what the network looked like before and looks like now.

local view = require("mlxresolve.network.view")

local change = {}

local function add_once(list, value)
  for _, other in ipairs(list) do
    if other == value then
      return
    end
  end
  list[#list + 1] = value
end

local function note_link(self, event, name)
  if event.type == "link_removed" or (event.type == "link_changed" and not event.up) then
    add_once(self.lost, name)
  elseif event.up then
    add_once(self.gained, name)
  end
end

local function note_route(self)
  self.routes = true
end

local HANDLERS = {
  link_added = note_link,
  link_changed = note_link,
  link_removed = note_link,
  address_added = function(self, event, name)
    add_once(self.changed, name)
    self.added[#self.added + 1] = { address = event.address, interface = name }
  end,
  address_removed = function(self, event, name)
    add_once(self.changed, name)
    self.removed[#self.removed + 1] = { address = event.address, interface = name }
  end,
  route_added = note_route,
  route_removed = note_route,
  resynced = function(self)
    self.resynced = true
  end,
  resumed = function(self, event)
    self.resumed = (self.resumed or 0) + (event.slept or 0)
  end,
  clock_jumped = function(self, event)
    self.clock_jumped = (self.clock_jumped or 0) + (event.by or 0)
  end,
}

local function gather(self, events)
  local is_worth_telling, is_seen = false, false
  for _, event in ipairs(events) do
    local handler = HANDLERS[event.type]
    if handler then
      local name = event.interface or ("#" .. tostring(event.index))
      if event.index then
        self.indexes[name] = event.index
        is_seen = true
      end
      handler(self, event, name)
      is_worth_telling = true
    end
  end
  return is_worth_telling, is_seen
end

---------------------------------------------------------------- with views

local function touch(self, index, reason)
  self.touched[index] = self.touched[index] or reason
end

local function touch_links(self)
  for _, name in ipairs(self.lost) do
    touch(self, self.indexes[name], name .. " was lost")
  end
  for _, name in ipairs(self.gained) do
    touch(self, self.indexes[name], name .. " came up")
  end
end

local function compare_addresses(self, before, after)
  self.added, self.removed, self.moved, self.replaced = view.addresses(before, after)
  local indexes = {}
  for _, list in ipairs { self.added, self.removed } do
    for _, entry in ipairs(list) do
      indexes[entry.index] = entry.interface
      self.indexes[entry.interface] = entry.index
      add_once(self.changed, entry.interface)
      entry.index = nil
    end
  end
  for index, name in pairs(indexes) do
    local left, came = view.left(before, after, index), view.left(after, before, index)
    for _, network in ipairs(left) do
      self.left[#self.left + 1] = { network = network, interface = name }
    end
    if #left > 0 then
      touch(self, index, ("%s left %s"):format(name, table.concat(left, ", ")))
    elseif #came > 0 then
      touch(self, index, ("%s joined %s"):format(name, table.concat(came, ", ")))
    end
  end
end

local function compare_gateways(self, before, after)
  self.gateways = view.gateways(before, after)
  if next(self.gateways) then
    self.everything = "the default route has changed"
  end
  for _, index in ipairs(view.strangers(before, after)) do
    local interface = after.interfaces[index]
    add_once(self.strange, interface.name)
    self.indexes[interface.name] = index
    touch(self, index, "another gateway behind " .. interface.name)
    self.everything = self.touched[index]
  end
end

local function judge_all(self, before, after)
  if self.resumed and self.resumed > 0 then
    self.everything = ("the machine slept for %g s"):format(math.floor(self.resumed / 1000))
  end
  if view.is_online(after) and not view.is_online(before) then
    self.everything = "the network has returned"
  end
end

-- Events were lost: an interface may have been away in between.
local function touch_all(self, after)
  for index, interface in pairs(after.interfaces) do
    self.indexes[interface.name] = index
    touch(self, index, "events were lost")
  end
end

--- "sure": the kernel told of it; "likely": seen by comparing, as after lost events; "maybe": there
--- was an occasion, such as sleep.
local function certainty(self, is_seen)
  if is_seen then
    return "sure"
  elseif self.resynced or #self.strange > 0 then
    return "likely"
  end
  return "maybe"
end

--- One change out of events; nil when nothing in them concerns names. With views of before and
--- after, addresses that came back are no change, and it is said what it touches.
---@param events table[]
---@param before mlxresolve.NetworkView?
---@param after mlxresolve.NetworkView?
---@return mlxresolve.Change|nil
function change.summarize(events, before, after)
  local self = {
    events = events,
    lost = {},
    gained = {},
    changed = {},
    indexes = {},
    added = {},
    removed = {},
    moved = {},
    replaced = {},
    left = {},
    gateways = {},
    strange = {},
    flapping = {},
    touched = {},
    everything = false,
    routes = false,
    resynced = false,
    resumed = false,
    clock_jumped = false,
    certain = "sure",
  }
  local is_worth_telling, is_seen = gather(self, events)
  touch_links(self)
  if before and after then
    compare_addresses(self, before, after)
    compare_gateways(self, before, after)
    judge_all(self, before, after)
    if self.resynced then
      touch_all(self, after)
    end
    is_worth_telling = is_worth_telling or self.everything ~= false
  end
  self.certain = certainty(self, is_seen)
  return is_worth_telling and self or nil
end

return change
