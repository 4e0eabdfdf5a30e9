--- Drops what was learnt over an interface that went away, came back or changed its
--- addresses: there it may no longer be true.
local flush = {
  options = {
    routes = {
      "boolean",
      default = false,
      doc = "drop everything when a default route changes, for servers that answer by network",
    },
  },
}

-- Indexes: an interface that is gone has no name any more.
local function touched(change, ctx)
  local indexes = {}
  for _, list in ipairs { change.lost, change.gained, change.changed } do
    for _, name in ipairs(list) do
      indexes[change.indexes[name]] = true
    end
  end
  -- Events were lost: any interface may have been away in between.
  if change.resynced then
    for _, interface in ipairs(ctx:interfaces()) do
      indexes[interface.index] = true
    end
  end
  return indexes
end

function flush:network_changed(change, ctx)
  if self.options.routes and change.routes then
    ctx.cache:flush {}
    return
  end
  for index in pairs(touched(change, ctx)) do
    ctx.cache:flush { interface = index }
  end
end

return flush
