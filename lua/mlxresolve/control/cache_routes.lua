--- The part of the control API that looks after the cache.

local parameters = require("mlxresolve.control.parameters")

local ENTRIES, MOST_ENTRIES = 1000, 10000

---@type table<string, mlxresolve.ControlRoute>
local routes = {}

local function refuse(reply, refusal)
  reply(refusal.status, { error = refusal.error, code = refusal.code })
end

local FILTER = { "name", "suffix", "type", "interface", "strategy", "older_than" }

routes["/v1/cache"] = { method = "GET" }
routes["/v1/cache"].run = function(self, request, reply)
  local found, problem = parameters.read(request.query, { "limit", unpack(FILTER) })
  local fields, limit, filter = {}, nil, nil
  for name, values in pairs(found or {}) do
    fields[name] = values[#values]
  end
  if found then
    limit, problem = parameters.limit(fields.limit, ENTRIES, MOST_ENTRIES)
  end
  if limit then
    filter, problem = parameters.filter(fields)
  end
  if not filter then
    return refuse(reply, problem)
  end
  local entries, has_more, code = self.resolver:list(filter, limit)
  if not entries then
    return reply(400, { error = has_more, code = code })
  end
  reply(200, { entries = entries, more = has_more })
end

routes["/v1/cache/flush"] = { method = "POST" }
routes["/v1/cache/flush"].run = function(self, request, reply)
  local known = {}
  for _, field in ipairs(FILTER) do
    known[field] = "string"
  end
  local filter, problem = parameters.body(request.body, known)
  if filter then
    filter, problem = parameters.filter(filter)
  end
  if not filter then
    return refuse(reply, problem)
  end
  local count, message, code = self.resolver:flush(filter)
  if not count then
    return reply(400, { error = message, code = code })
  end
  reply(200, { flushed = count })
end

routes["/v1/cache/dump"] = { method = "GET" }
routes["/v1/cache/dump"].run = function(self, request, reply)
  local found, problem = parameters.read(request.query, { "from", unpack(FILTER) })
  local fields, filter = {}, nil
  for name, values in pairs(found or {}) do
    fields[name] = values[#values]
  end
  if found then
    filter, problem = parameters.filter(fields)
  end
  if not filter then
    return refuse(reply, problem)
  end
  local from = tonumber(fields.from or 0)
  if not from or from < 0 or from % 1 ~= 0 or from > 2 ^ 48 then
    return reply(400, { error = "from: expected what 'next' said", code = "EINVAL" })
  end
  local entries, following, code = self.resolver:dump(filter, from)
  if not entries then
    return reply(400, { error = following, code = code })
  end
  reply(200, { entries = entries, next = following or false })
end

routes["/v1/cache/load"] = { method = "POST" }
routes["/v1/cache/load"].run = function(self, request, reply)
  local fields, problem = parameters.body(request.body, { entries = "table" })
  if not fields then
    return refuse(reply, problem)
  end
  local taken, left_out, why = self.resolver:load(fields.entries or {})
  reply(200, { taken = taken, left_out = left_out, why = why or false })
end

return routes
