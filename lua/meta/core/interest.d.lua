---@meta mlxresolve.core
--- Which multicast packets concern somebody here, told by a glance at the first labels of names:
--- see core/interest.h. A socket takes one as its filter, simulated worlds ask it themselves.

---@class mlxresolve.core
local core = {}

core.interest = {}

---@return mlxresolve.Interest|nil, string? message, string? code
function core.interest.new() end

---@class mlxresolve.Interest
local Interest = {}

---@alias mlxresolve.InterestReason
---| "awaited"  somebody waits for it, or it is kept
---| "owned"    we say something of it

--- Begins to care for a name; calls nest.
---@param name string
---@param reason mlxresolve.InterestReason
function Interest:add(name, reason) end
---@param name string
---@param reason mlxresolve.InterestReason
function Interest:remove(name, reason) end
--- Are queries without questions of interest, which bring further known answers?
---@param reason mlxresolve.InterestReason
---@param is_expected boolean
function Interest:expect(reason, is_expected) end
--- Remembers a packet as sent by who awaits or by who owns: when it comes back it does not concern
--- them. The last 128 of each are known.
---@param reason mlxresolve.InterestReason
---@param packet string
function Interest:sent(reason, packet) end
--- The addresses of this machine, from which its own packets come back.
---@param addresses string[]
---@return true|nil, string? message, string? code
function Interest:own(addresses) end
--- Whom a packet concerns; two times false for nobody, which is counted.
---@param packet string
---@param from string    address; its scope does not count
---@param port integer
---@return boolean is_awaited, boolean is_owned
function Interest:admit(packet, from, port) end
--- How many labels are cared for, and what was dismissed by the reason: "query" (no response, and
--- nobody's question), "unawaited" (nobody's response), "echo" (our own).
---@return { labels: integer, query: integer, unawaited: integer, echo: integer }
function Interest:stats() end
