---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.icmp = {}

--- Echoes ("ping") of one family, 4 or 6. EACCES where this user's group may not
--- (net.ipv4.ping_group_range on Linux).
---@param family integer
---@return mlxresolve.Icmp|nil, string? message, string? code
function core.icmp.open(family) end

---@class mlxresolve.Icmp
local Icmp = {}
--- Sends an echo request to an address; its 8 bytes of token come back in the reply.
---@param to string
---@param token string
---@return true|nil, string? message, string? code
function Icmp:send(to, token) end
--- Fills `batch` with token, address for each reply and returns their number.
---@param now number
---@param batch table
---@return integer|nil, string? message, string? code
function Icmp:step(now, batch) end
---@return integer
function Icmp:fd() end
--- Closes it; twice is fine.
function Icmp:close() end
