---@meta mlxresolve.core
--- The pure machine, for simulated worlds and specs.

---@class mlxresolve.core
local core = {}

core.exchange = {}

--- Starts a question. Actions are "send_udp", "send_tcp", "wait", "done".
---@param server string   address with port (53 when absent)
---@param name string
---@param type string
---@param options table?   { timeout=ms, resend=ms, udp_size=, tcp=bool, recurse=bool, id=integer,
---                         cookie=bytes }
---@param now number
---@return mlxresolve.Exchange exchange, string action
function core.exchange.new(server, name, type, options, now) end

---@class mlxresolve.Exchange
local Exchange = {}
--- The query packet to send.
---@return string
function Exchange:query() end
---@return number ms
function Exchange:deadline() end
---@param from string   address with port
---@param packet string
---@param now number
---@return string action, string? answer, string? status, integer? ttl, integer? rcode
function Exchange:message(from, packet, now) end
---@param now number
---@return string action
function Exchange:time(now) end
---@param code string
---@param now number
---@return string action
function Exchange:fail(code, now) end
--- Once done: true, or nil, message, code.
function Exchange:result() end
--- How many messages were not its own.
---@return integer
function Exchange:ignored() end
--- The cookie, with the server's part once it is known, and what was found out about that.
---@return string bytes, "learnt"|"lost"|nil news
function Exchange:cookie() end
