---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.address = {}

---@class mlxresolve.Address
---@field address string   canonical, with %interface for link-local IPv6
---@field family "ipv4"|"ipv6"
---@field port integer|false
---@field interface string|false  the scope
---@field is_loopback boolean
---@field is_link_local boolean

--- Reads "192.0.2.1", "[fe80::1%eth0]:53", …
---@param text string
---@return mlxresolve.Address|nil, string? message, string? code
function core.address.parse(text) end

--- Is `address` inside `network` ("192.0.2.0/24", "fe80::/10")?
---@param address string
---@param network string
---@return boolean|nil, string? message, string? code
function core.address.is_within(address, network) end

--- Reads "192.0.2.0/24": canonical base address, prefix length, number of addresses
--- (a float; 2^64 for a /64).
---@param text string
---@return string|nil base, integer|string prefix, number|string size
function core.address.network(text) end

--- The n-th address (from 0) of a network, for scans.
---@param network string
---@param n integer
---@return string|nil address, string? message, string? code
function core.address.nth(network, n) end
