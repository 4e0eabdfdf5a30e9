---@meta mlxresolve
--- What a policy says: `local mlx = require "mlxresolve"`. A plugin gets the helpers alone.
local mlx = {}

---@type string
mlx.version = nil
--- The plugin API; a plugin may state `api = "1.0"`.
---@type string
mlx.api = nil

---@class mlxresolve.CommonOptions   of every strategy
---@field name string?        how it is called in answers and messages
---@field zones string[]?     asked only for names below these
---@field except string[]?    but not for names below these
---@field types string[]?     asked only for these types
---@field timeout string|number?  "800ms"
---@field retry mlxresolve.Draft?  use("backoff", …)
---@field cache boolean|{ min_ttl: string?, max_ttl: string? }|nil
---@field denials "end"|"pass"|nil
---@field purpose string?

--- A plugin at work: by its name with options, or written in place.
---@param plugin string|table
---@param options table?   mlxresolve.CommonOptions and the plugin's own
---@return mlxresolve.Draft
function mlx.use(plugin, options) end

--- Strategies side by side, each with a head start of `after` before the next; the first answer wins.
---@param members table   { after = "150ms", use(…), use(…) }
---@return mlxresolve.Draft
function mlx.race(members) end

---@class mlxresolve.PolicyFields
---@field strategies mlxresolve.Draft[]  asked from the top; the first answer wins
---@field listen string[]?      "127.0.0.1:5453"
---@field allow string[]?       "192.168.2.0/24"
---@field control string|false|nil
---@field http string|false|nil
---@field deadline string|number|nil
---@field cache table?          size, min_ttl, max_ttl, max_negative_ttl, stale, persist
---@field retries mlxresolve.Draft[]?
---@field rankers mlxresolve.Draft[]?
---@field reactions mlxresolve.Draft[]?
---@field observers mlxresolve.Draft[]?
---@field peers string[]?       "mini1.local:50051"

--- The policy: what the file returns.
---@param fields mlxresolve.PolicyFields
---@return mlxresolve.Draft
function mlx.policy(fields) end

--- What another file returns; its path is seen from the including file.
---@param path string
---@return any
function mlx.include(path) end

--- An environment variable, or `default`.
---@param name string
---@param default string?
---@return string|nil
function mlx.env(name, default) end

---@return string
function mlx.hostname() end

--- Names: `canonical(text)`, `reverse(address)`, as in core.d.lua.
mlx.name = {}
--- Addresses: `parse(text)`, `is_within(address, network)`, … as in core.d.lua.
mlx.address = {}

return mlx
