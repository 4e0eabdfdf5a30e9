---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.udp = {}

---@class mlxresolve.UdpOptions
---@field bind string        "0.0.0.0:5353", "[::]:0"
---@field share boolean?     SO_REUSEADDR and SO_REUSEPORT
---@field multicast boolean? hop limit 255, loop on
---@field receive_bytes integer?
---@field filter mlxresolve.Interest?  drops what it does not admit
---@param options mlxresolve.UdpOptions
---@return mlxresolve.Udp|nil, string? message, string? code
function core.udp.open(options) end

---@class mlxresolve.Udp
local Udp = {}
---@param packet string
---@param to string          address with port
---@param interface integer? index; 0 or nil: the kernel chooses
---@return true|nil, string? message, string? code
function Udp:send(packet, to, interface) end
---@param group string
---@param interface integer
function Udp:join(group, interface) end
function Udp:leave(group, interface) end
--- Stride 6: data, from address (without port), from port, interface index (0 unknown),
--- destination address|false, hop limit (-1 unknown). With a filter it leaves `batch` alone and
--- returns how many came, wanted or not, at most 64: `take` hands them over.
---@return integer items
function Udp:step(now, batch) end
--- Puts the next datagram that the filter admits into `batch`, with whether it concerns who awaits,
--- and who owns, as the seventh and eighth value. The filter is asked now: what one datagram teaches
--- makes it care for the next.
---@param batch table
---@return boolean is_there
function Udp:take(batch) end
---@return string address with port
function Udp:address() end
function Udp:fd() end
function Udp:close() end
