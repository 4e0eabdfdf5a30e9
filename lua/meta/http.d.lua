---@meta mlxresolve.http
--- The HTTP server: `require "mlxresolve.http"`, a shared object of its own, loaded only
--- by who serves (libmicrohttpd). Same conventions as mlxresolve.core.
local http = {}

---@param options table  { path= } or { address="127.0.0.1:5480" }; max_connections, max_body, max_stream (bytes), idle (ms)
---@return mlxresolve.Http|nil, string? message, string? code   "EADDRINUSE" when somebody lives there
function http.open(options) end

---@class mlxresolve.Http
local Http = {}
--- Stride 5: slot, method, path, query string, body; or slot, false: the client of that stream has
--- left, which is noticed when something is written to it.
---@return integer items
function Http:step(now, batch) end
---@param slot integer
---@param status integer
---@param content_type string
---@param body string
function Http:reply(slot, status, content_type, body) end
--- Begins a reply that is sent in chunks as they are written, until `finish` or `drop`.
---@return true|nil, string? message, string? code   "ENOENT" where nobody waits
function Http:stream(slot, status, content_type) end
--- What is to be sent next, whole or not at all.
---@param slot integer
---@param data string
---@return true|nil, string? message, string? code   "ENOBUFS": the client does not take what there is
--- already; "EPIPE": there is no such stream (any more)
function Http:write(slot, data) end
--- Ends a stream after what was written.
function Http:finish(slot) end
--- Ends it at once, whatever its client does.
function Http:drop(slot) end
---@return string  path or address
function Http:address() end
function Http:fd() end
function Http:close() end

return http
