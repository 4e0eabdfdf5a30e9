--- The cache on disk in the real world: see mlxresolve.persistence.

local storing = {}

--- Opens a store of `cache`; `on_event(kind, text, count)` tells what happens to it.
---@return mlxresolve.Store|nil, string? message, string? code
function storing:store(options, cache, on_event)
  local found, library = pcall(require, "mlxresolve.store")
  if not found then
    return nil, "this build cannot keep the cache on disk: " .. tostring(library), "ENOTSUP"
  end
  local store, message, code = library.open(options, cache)
  if not store then
    return nil, message, code
  end
  local batch = {}
  return self:watch(store, function(world, object)
    local items = object:step(world.time, batch)
    for i = 1, items * 3, 3 do
      on_event(batch[i], batch[i + 1], batch[i + 2])
    end
    return items
  end)
end

--- Closes it; true when everything was written within `patience` ms.
---@return boolean
function storing:close_store(store, patience)
  local watch = self.watched[store]
  if watch then
    self.watched[store], self.deadlines[store] = nil, nil
    watch.poll:stop()
    watch.poll:close()
  end
  return store:close(patience)
end

return storing
