--- Network changes: events of the kernel gathered for a moment and told once, as one change.

local SETTLE = 20 -- ms in which events that belong together arrive

local network = {}
local methods = {}
local mt = { __name = "mlxresolve.network", __index = methods }

local function add_once(list, value)
  for _, other in ipairs(list) do
    if other == value then
      return
    end
  end
  list[#list + 1] = value
end

local function note_link(change, event, name)
  if event.type == "link_removed" or (event.type == "link_changed" and not event.up) then
    add_once(change.lost, name)
  elseif event.up then
    add_once(change.gained, name)
  end
end

local HANDLERS = {
  link_added = note_link,
  link_changed = note_link,
  link_removed = note_link,
  address_added = function(change, event, name)
    add_once(change.changed, name)
    change.added[#change.added + 1] = { address = event.address, interface = name }
  end,
  address_removed = function(change, event, name)
    add_once(change.changed, name)
    change.removed[#change.removed + 1] = { address = event.address, interface = name }
  end,
  route_added = function(change)
    change.routes = true
  end,
  route_removed = function(change)
    change.routes = true
  end,
  resynced = function(change)
    change.resynced = true
  end,
}

--- One change out of a list of events; nil when nothing in it concerns names.
---@param events table[]
---@return mlxresolve.Change|nil
function network.summarize(events)
  local change = {
    events = events,
    lost = {},
    gained = {},
    changed = {},
    indexes = {},
    added = {},
    removed = {},
    routes = false,
    resynced = false,
  }
  local is_worth_telling = false
  for _, event in ipairs(events) do
    local handler = HANDLERS[event.type]
    if handler then
      local name = event.interface or ("#" .. tostring(event.index))
      change.indexes[name] = event.index
      handler(change, event, name)
      is_worth_telling = true
    end
  end
  return is_worth_telling and change or nil
end

--- Watches the world's network and calls `on_change(change)` once per burst.
---@param runtime table
---@param on_change fun(change: mlxresolve.Change)
function network.watch(runtime, on_change)
  local self = setmetatable({
    scheduler = runtime.scheduler,
    on_change = on_change,
    events = {},
    timer = false,
  }, mt)
  self.watcher = runtime.world:watch_network(function(events)
    self:gather(events)
  end)
  return self
end

local function tell(self)
  self.timer = false
  local events = self.events
  self.events = {}
  local change = network.summarize(events)
  if change then
    self.on_change(change)
  end
end

function methods:gather(events)
  for _, event in ipairs(events) do
    self.events[#self.events + 1] = event
  end
  if not self.timer then
    self.timer = self.scheduler:after(SETTLE, tell, self)
  end
end

function methods:close()
  if self.timer then
    self.scheduler:stop(self.timer)
  end
  if self.watcher then
    self.watcher:close()
  end
end

return network
