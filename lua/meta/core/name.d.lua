---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.name = {}

--- Canonical text: lower case (ASCII), final dot, odd bytes as \DDD.
---@param text string  final dot optional
---@return string|nil name, string? message, string? code
function core.name.canonical(text) end

--- The name to ask PTR for: "192.0.2.1" -> "1.2.0.192.in-addr.arpa.".
---@param address string
---@return string|nil name, string? message, string? code
function core.name.reverse(address) end

--- Wire form and back; for specs and for who builds packets.
---@param text string
---@return string|nil wire, string? message, string? code
function core.name.to_wire(text) end
---@param wire string
---@return string|nil text, string? message, string? code
function core.name.from_wire(wire) end
