---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.front = {}

---@class mlxresolve.FrontOptions
---@field listen string[]   addresses with ports; port 0 takes a free one
---@field allow string[]?   networks that may ask besides loopback: "192.0.2.0/24", "fe80::/10"
---@field threads integer|"auto"|nil  "auto": one for each processor; more than one only on Linux
---@field max_pending integer?
---@field max_tcp integer?
---@field max_tcp_per_client integer?
---@field max_pipelined integer?
---@field tcp_idle integer? ms
---@field udp_size integer?
---@param options mlxresolve.FrontOptions
---@param cache mlxresolve.Cache   kept alive by the front
---@return mlxresolve.Front|nil, string? message, string? code  the message names the address
function core.front.open(options, cache) end

---@class mlxresolve.Front
local Front = {}
--- Stride 3: slot, name (canonical text), type number. Slot 0: nobody waits, but what the cache
--- answered will soon run out.
---@return integer items
function Front:step(now, batch) end
--- Declares the brain asleep; false: misses arrived, step again.
---@return boolean
function Front:sleep() end
---@param slot integer
---@param answer string
---@param ede_code integer?
---@param ede_text string?
function Front:answer(slot, answer, ede_code, ede_text) end
---@param slot integer
---@param rcode integer
---@param ede_code integer?
---@param ede_text string?
function Front:refuse(slot, rcode, ede_code, ede_text) end
function Front:flush() end
--- The client of a pending question: address with port, and whether it came by TCP.
---@return string|nil address, boolean is_tcp
function Front:client(slot) end
---@return string[]
function Front:addresses() end
---@return table<string, integer>
function Front:stats() end
function Front:fd() end
function Front:close() end
