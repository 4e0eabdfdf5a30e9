---@meta mlxresolve.store
--- The cache on disk: `require "mlxresolve.store"`, a shared object of its own, loaded only when a
--- policy wants it (LMDB). Same conventions as mlxresolve.core. A thread does what touches the
--- disk; nothing here waits for it but `close`.
local store = {}

---@class mlxresolve.StoreOptions
---@field path string           the file; its folders are made
---@field bytes integer?        the most that the file may take
---@field strategies integer[]? hashes; entries of others are dropped
---@field min_ttl integer?      s; the cache's own
---@field now number            of the world
---@field date number?          ms since 1970, where it is not the machine's
---@field uptime number?        ms since the machine's boot, likewise
---@field boot string?          which boot that was, likewise

--- Begins to load the file into `cache`. What is wrong with the file comes as an event.
---@param options mlxresolve.StoreOptions
---@param cache mlxresolve.Cache
---@return mlxresolve.Store|nil, string? message, string? code
function store.open(options, cache) end

---@class mlxresolve.Store
local Store = {}
--- Keeps what the cache was given. `interface` is the name of `note.interface`.
---@param answer string
---@param now number
---@param note mlxresolve.CacheNote
---@param interface string|false|nil
---@return true|nil, string? message, string? code
function Store:put(answer, now, note, interface) end
--- Forgets what the filter means, everything without one; to be called before the cache's flush.
---@param now number
---@param filter mlxresolve.CacheFilter?
---@param interface string|false|nil  the name of `filter.interface`
function Store:flush(now, filter, interface) end
--- Stride 3: kind, text, number. Kinds: "loaded" (path, entries), "aside" (a file was set aside),
--- "problem" (nothing is kept for now), "works" (again).
---@return integer items
function Store:step(now, batch) end
---@return table  entries, bytes, loaded, written, batches, lost: integers; loading, working: booleans
function Store:stats() end
function Store:fd() end
--- Writes what is left; true when all of it was within `patience` ms (500).
---@param patience number?
---@return boolean
function Store:close(patience) end

return store
