--- Follows what the daemon tells in a reply that does not end: a JSON object a line.

local chunks = require("mlxresolve.cli.chunks")
local client = require("mlxresolve.cli.client")
local json = require("mlxresolve.json")

local PATIENCE = 10e3 -- ms, for the head of the reply
-- The daemon sends empty lines every five seconds.
local SILENCE = 16e3

local follow = {}

local function read_refusal(scheduler, stream, head, rest)
  local body, message, code = client.read_body(scheduler, stream, head, rest)
  if not body then
    return nil, message, code
  end
  local value = json.decode(body)
  local text = type(value) == "table" and value.error or ("status %d"):format(head.status)
  return nil, text, head.status == 503 and "ECLOSED" or "EREFUSED"
end

local function take(decoder, data, on_value)
  local lines, message, code = decoder:feed(data)
  for _, line in ipairs(lines or {}) do
    local value
    value, message, code = json.decode(line)
    if type(value) ~= "table" then
      return nil, message or "the daemon sent what is no object", code or "EFORMAT"
    elseif on_value(value) == false then
      return false
    end
  end
  return lines and true or nil, message, code
end

--- Calls back for each object, in a task, until the daemon ends, which is a failure: "ECLOSED" or
--- "ETIMEOUT" after it has begun; or until `on_value` says false.
---@param scheduler mlxresolve.Scheduler
---@param path string     the daemon's socket
---@param target string   path and query string
---@param on_value fun(value: table): false|nil
---@return true|nil, string? message, string? code
function follow.run(scheduler, path, target, on_value)
  local stream, message, code = client.connect(scheduler, path)
  if not stream then
    return nil, message, code
  end
  stream:write(("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"):format(target))
  local head, data
  head, data, code = scheduler:within(PATIENCE, client.read_head, scheduler, stream, true)
  if not head then
    return nil, data, code
  elseif head.length then
    return scheduler:within(PATIENCE, read_refusal, scheduler, stream, head, data)
  end
  local decoder = chunks.new()
  while true do
    local going
    going, message, code = take(decoder, data, on_value)
    if not going then
      return going == false or nil, message, code
    elseif decoder.is_over then
      return nil, "it has ended", "ECLOSED"
    end
    data, message, code = scheduler:within(SILENCE, client.read, scheduler, stream)
    if not data then
      return nil, message, code
    elseif data == "" then
      return nil, "it has gone without a word", "ECLOSED"
    end
  end
end

return follow
