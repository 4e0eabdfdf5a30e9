---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.upstream = {}

---@param options table?  { max_pending=, fresh_rate= }
---@return mlxresolve.Upstream|nil, string? message, string? code
function core.upstream.open(options) end

---@class mlxresolve.Upstream
local Upstream = {}
--- Registers a server's address (port 53 when absent) and returns its number; the same
--- address gives the same number.
---@param address string
---@return integer|nil number, string? message, string? code
function Upstream:server(address) end
--- Asks. The returned slot names the question until its result is stepped out.
---@param server integer
---@param name string
---@param type integer
---@param timeout number  ms
---@param now number
---@param flags integer?  1 = TCP only, 2 = without EDNS, 4 = without RD, 8 = with a DNS cookie
---@return integer|nil slot, string? message, string? code
function Upstream:ask(server, name, type, timeout, now, flags) end
function Upstream:cancel(slot) end
--- Sends what was asked since the last flush. Returns when to step next though nothing
--- is readable (what was asked since the last step has deadlines of its own).
---@return number? deadline
function Upstream:flush(now) end
--- Stride 6: slot, status (0 answer, 1 nodata, 2 nxdomain, 3 failure, negative: error),
--- answer packet|false, ttl|error code text, rcode|false, ms.
---@return integer items, number? deadline
function Upstream:step(now, batch) end
function Upstream:fd() end
---@return table<string, integer>
function Upstream:stats() end
function Upstream:close() end
