--- Asks a running daemon: a small and strict HTTP/1.1 client over its Unix socket.
---
--- One request per connection. What a server of ours never sends (chunks, several lengths,
--- interim replies, endless headers) is an error, not a guess. Functions run in a task.

local json = require("mlxresolve.json")

local client = {}

local HEADER_MAX = 16 * 1024
local BODY_MAX = 16 * 1024 * 1024

---@param text string
---@return string
function client.escape(text)
  return (text:gsub("[^%w%-._~]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

--- A query string, "?name=…&type=…", of a list of { name, value }.
---@param parameters { [1]: string, [2]: any }[]
---@return string
function client.query_string(parameters)
  local parts = {}
  for i, parameter in ipairs(parameters) do
    parts[i] = parameter[1] .. "=" .. client.escape(tostring(parameter[2]))
  end
  return #parts > 0 and "?" .. table.concat(parts, "&") or ""
end

local function format_error(text, ...)
  return nil, "the daemon's reply cannot be read: " .. text:format(...), "EFORMAT"
end

local function read_headers(head)
  local headers = {}
  for line in (head .. "\r\n"):gmatch("(.-)\r\n") do
    local name, value = line:match("^([%w%-]+):[ \t]*(.-)[ \t]*$")
    if not name then
      return format_error("no header: '%s'", line)
    end
    name = name:lower()
    if headers[name] and name == "content-length" then
      return format_error("two lengths")
    end
    headers[name] = value
  end
  return headers
end

--- Reads the head of a reply, up to the empty line.
---@param head string
---@param may_go_on boolean?  a reply in chunks is welcome: its length is false
---@return { status: integer, length: integer|false }|nil, string? message, string? code
function client.parse_head(head, may_go_on)
  local status, rest = head:match("^HTTP/1%.[01] (%d%d%d)[^\r\n]*\r\n(.*)$")
  if not status then
    return format_error("'%s' is no HTTP/1.1", head:sub(1, 40):gsub("%c", "?"))
  end
  local headers, message, code = read_headers(rest)
  if not headers then
    return nil, message, code
  end
  if may_go_on and headers["transfer-encoding"] == "chunked" and not headers["content-length"] then
    return { status = tonumber(status), length = false }
  end
  local length = (headers["content-length"] or ""):match("^%d+$")
  if headers["transfer-encoding"] or not length or #length > 9 then
    return format_error("its length is not told")
  elseif tonumber(length) > BODY_MAX then
    return format_error("it is longer than %d bytes", BODY_MAX)
  elseif status < "200" then
    return format_error("unexpected status %s", status)
  end
  return { status = tonumber(status), length = tonumber(length) }
end

local function cancel_read(world, operation)
  world:cancel("read", operation)
end

--- More bytes; "" at the end.
---@param scheduler mlxresolve.Scheduler
---@param stream mlxresolve.Stream
---@return string|nil data, string? message, string? code
function client.read(scheduler, stream)
  local operation = stream:read(scheduler:current())
  return scheduler:wait(cancel_read, scheduler.world, operation)
end

--- More bytes; nil, message, code at the end as well.
local function read_some(scheduler, stream)
  local data, message, code = client.read(scheduler, stream)
  if data == "" then
    return format_error("it ended too early")
  end
  return data, message, code
end

local function read_until_head(scheduler, stream)
  local text = ""
  while true do
    local last = text:find("\r\n\r\n", 1, true)
    if last then
      return text:sub(1, last - 1), text:sub(last + 4)
    elseif #text > HEADER_MAX then
      return format_error("its headers do not end")
    end
    local data, message, code = read_some(scheduler, stream)
    if not data then
      return nil, message, code
    end
    text = text .. data
  end
end

--- The head of a reply, and what came behind it.
---@param scheduler mlxresolve.Scheduler
---@param stream mlxresolve.Stream
---@param may_go_on boolean?
---@return table|nil head, string rest_or_message, string? code
function client.read_head(scheduler, stream, may_go_on)
  local text, rest, code = read_until_head(scheduler, stream)
  if not text then
    return nil, rest, code
  end
  local head, message
  head, message, code = client.parse_head(text, may_go_on)
  if not head then
    return nil, message, code
  end
  return head, rest
end

--- The rest of a reply of known length, as text.
---@return string|nil body, string? message, string? code
function client.read_body(scheduler, stream, head, rest)
  local message, code
  local parts, size = { rest }, #rest
  while size < head.length do
    local data
    data, message, code = read_some(scheduler, stream)
    if not data then
      return nil, message, code
    end
    parts[#parts + 1] = data
    size = size + #data
  end
  if size > head.length then
    return format_error("it is longer than it says")
  end
  return table.concat(parts)
end

local function read_reply(scheduler, stream)
  local head, rest, code = client.read_head(scheduler, stream)
  if not head then
    return nil, rest, code
  end
  local body, message
  body, message, code = client.read_body(scheduler, stream, head, rest)
  if not body then
    return nil, message, code
  end
  return { status = head.status, body = body }
end

local function cancel_connect(world, operation)
  world:cancel("connect", operation)
end

--- Connects to the daemon; the stream is the task's.
---@param scheduler mlxresolve.Scheduler
---@param path string
---@return mlxresolve.Stream|nil, string? message, string? code
function client.connect(scheduler, path)
  local world = scheduler.world
  local operation, message, code = world:connect(scheduler:current(), path)
  if not operation then
    return nil, message, code
  end
  local stream
  stream, message, code = scheduler:wait(cancel_connect, world, operation)
  if not stream then
    return nil, message, code
  end
  return scheduler:own(stream)
end

local function exchange(scheduler, path, text)
  local stream, message, code = client.connect(scheduler, path)
  if not stream then
    return nil, message, code
  end
  stream:write(text)
  return read_reply(scheduler, stream)
end

---@class mlxresolve.ClientRequest
---@field method string?    "GET" when absent
---@field target string     path and query string
---@field body table?       sent as JSON
---@field timeout number?   ms; 10 s when absent

--- Asks the daemon at the Unix socket `path`: its JSON and the HTTP status.
---@param scheduler mlxresolve.Scheduler
---@param path string
---@param request mlxresolve.ClientRequest
---@return table|nil value, integer|string status_or_message, string? code
function client.ask(scheduler, path, request)
  local body = request.body and json.encode(request.body) or ""
  local text = ("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"):format(
    request.method or "GET",
    request.target
  ) .. ("Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)
  local reply, message, code =
    scheduler:within(request.timeout or 10e3, exchange, scheduler, path, text)
  if not reply then
    return nil, message, code
  end
  local value
  value, message, code = json.decode(reply.body)
  if reply.status == 503 then
    return nil, value and value.error or "it is ending", "ECLOSED"
  end
  if type(value) ~= "table" then
    return nil, message or "the daemon's reply is no JSON object", code or "EFORMAT"
  end
  return value, reply.status
end

-- What connecting says where no daemon is: nothing there, a socket that nobody serves, no
-- socket at all.
local ABSENT = { ENOENT = true, ECONNREFUSED = true, ENOTDIR = true, ENOTSOCK = true }

--- Does this failure of `ask` mean that there is no daemon?
---@param code string
---@return boolean
function client.is_absent(code)
  return ABSENT[code] == true
end

return client
