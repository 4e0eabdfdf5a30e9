--- What the control API does, by path: `method`, and `run(control, request, reply, open_stream)`.
---
--- `open_stream(on_end)` is for replies that go on: see mlxresolve.control.streams.

local cache_routes = require("mlxresolve.control.cache_routes")
local parameters = require("mlxresolve.control.parameters")
local pin_routes = require("mlxresolve.control.pin_routes")
local result = require("mlxresolve.control.result")
local stream_routes = require("mlxresolve.control.stream_routes")

local MOST_TRACES = 100

---@class mlxresolve.ControlRoute
---@field method string
---@field run fun(control: table, request: table, reply: function, open_stream: function)

---@type table<string, mlxresolve.ControlRoute>
local routes = {}

for _, part in ipairs { cache_routes, pin_routes, stream_routes } do
  for path, route in pairs(part) do
    routes[path] = route
  end
end

local function refuse(reply, refusal)
  reply(refusal.status, { error = refusal.error, code = refusal.code })
end

routes["/v1/query"] = { method = "GET" }
routes["/v1/query"].run = function(self, request, reply)
  local asked, problem = parameters.question(request.query)
  if not asked then
    return refuse(reply, problem)
  end
  self.resolver:resolve(asked.name, asked, function(found, message, code, details)
    reply(200, result.describe(asked, found, message, code, details))
  end)
end

routes["/v1/status"] = { method = "GET" }
routes["/v1/status"].run = function(self, request, reply)
  local fine, problem = parameters.read(request.query, {})
  if not fine then
    return refuse(reply, problem)
  end
  local status = self.resolver:status()
  for name, value in pairs(self.about()) do
    status[name] = value
  end
  local streams = self.streams
  status.streams =
    { open = streams and streams.count or 0, dropped = streams and streams.dropped or 0 }
  reply(200, status)
end

routes["/v1/trace"] = { method = "GET" }
routes["/v1/trace"].run = function(self, request, reply)
  local found, problem = parameters.read(request.query, { "limit" })
  if not found then
    return refuse(reply, problem)
  end
  local limit
  limit, problem = parameters.limit(found.limit and found.limit[1], MOST_TRACES, MOST_TRACES)
  if not limit then
    return refuse(reply, problem)
  end
  reply(200, { traces = self.resolver:traces(limit) })
end

routes["/v1/failure"] = { method = "POST" }
routes["/v1/failure"].run = function(self, request, reply)
  local fields, problem = parameters.body(request.body, { name = "string", address = "string" })
  if not fields then
    return refuse(reply, problem)
  elseif not fields.name then
    return reply(400, { error = "body: say which name was met dead", code = "EINVAL" })
  end
  local name, refusal = parameters.name(fields.name)
  if not name then
    return refuse(reply, refusal)
  end
  local count, message, code = self.resolver:report_failure(name, fields.address)
  if not count then
    return reply(400, { error = message, code = code })
  end
  reply(200, { doubted = count })
end

routes["/v1/reload"] = { method = "POST" }
routes["/v1/reload"].run = function(self, request, reply)
  local fine, problem = parameters.body(request.body, {})
  if not fine then
    return refuse(reply, problem)
  end
  local ok, message, code = self.reload()
  if ok then
    return reply(200, { reloaded = true, at_restart = message or {} })
  end
  reply(409, { error = message, code = code or "EPOLICY" })
end

return routes
