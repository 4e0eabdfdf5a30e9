---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.netif = {}

---@param options table?  { receive_bytes= }
---@return mlxresolve.Netif|nil, string? message, string? code
function core.netif.open(options) end

---@class mlxresolve.Netif
local Netif = {}

---@class mlxresolve.Interface
---@field index integer
---@field name string
---@field kind "loopback"|"ethernet"|"wifi"|"thunderbolt"|"bridge"|"tunnel"|"other"
---@field up boolean         administratively up and carrier
---@field multicast boolean
---@field point_to_point boolean
---@field mac string|false   "02:00:00:00:00:01"
---@field mtu integer
---@field addresses { address: string, family: string, prefix: integer, temporary: boolean, tentative: boolean }[]
---@field gateways string[]  of its default routes; "" for an on-link one

---@return mlxresolve.Interface[]
function Netif:interfaces() end

---@class mlxresolve.Neighbour
---@field address string
---@field interface string
---@field index integer
---@field mac string
---@field reachable boolean  confirmed lately
---@return mlxresolve.Neighbour[]|nil, string? message, string? code
function Netif:neighbours() end

--- Stride 1: one table an event:
--- { type = "link_added"|"link_changed"|"link_removed"|"address_added"|"address_removed"|
---   "route_added"|"route_removed"|"neighbour_changed"|"resynced",
---   index=, interface=name|false, up=bool|nil, address=|nil, prefix=|nil, gateway=|nil,
---   mac=|nil, reachable=|nil }
---@return integer items
function Netif:step(now, batch) end
function Netif:fd() end
function Netif:close() end
