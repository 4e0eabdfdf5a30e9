---@meta mlxresolve.http
--- The HTTP server: `require "mlxresolve.http"`, a shared object of its own, loaded only
--- by who serves (libmicrohttpd). Same conventions as mlxresolve.core.
local http = {}

---@param options table  { path= } or { address="127.0.0.1:5480" }; max_connections, max_body, idle (ms)
---@return mlxresolve.Http|nil, string? message, string? code   "EADDRINUSE" when somebody lives there
function http.open(options) end

---@class mlxresolve.Http
local Http = {}
--- Stride 5: slot, method, path, query string, body.
---@return integer items
function Http:step(now, batch) end
---@param slot integer
---@param status integer
---@param content_type string
---@param body string
function Http:reply(slot, status, content_type, body) end
---@return string  path or address
function Http:address() end
function Http:fd() end
function Http:close() end

return http
