--- How much there is to do: datagrams, questions and other items that the loop handles in a second.

-- Counted in portions, so that nobody looks at a clock for each item.
local PORTION = 1000
local BUSY = 1000 -- ms that a portion takes at most

---@class mlxresolve.World
local load = {}

--- Tells when the load begins, and when it has ended, to be at least a thousand items a second.
---@param on_change fun(is_busy: boolean)
function load:watch_load(on_change)
  self.load = { items = 0, since = self.time, is_busy = false, on_change = on_change }
end

--- Counts items that were handled in the present turn.
---@param items integer
function load:count_load(items)
  local watched = self.load
  watched.items = watched.items + items
  if watched.items < PORTION then
    return
  end
  local is_busy = self.time - watched.since <= BUSY
  watched.items, watched.since = 0, self.time
  if is_busy ~= watched.is_busy then
    watched.is_busy = is_busy
    watched.on_change(is_busy)
  end
end

return load
