--- The control API: what a running daemon tells and does, as JSON over HTTP on a Unix socket.
---
---   GET  /v1/query?name=N[&type=T]…[&trace=1][&fresh=1][&timeout=2s]
---   GET  /v1/status
---   GET  /v1/trace[?limit=N]        the tries of the latest queries
---   GET  /v1/cache[?name=N][&suffix=Z][&type=T][&interface=I]
---          [&strategy=S][&older_than=10m][&limit=N]
---   POST /v1/cache/flush            the same as {"name":"mini2.local"}, or nothing for all
---   POST /v1/failure                {"name":"mini2.local","address":"192.0.2.7"}: met dead there
---   GET  /v1/cache/dump[?from=N]    whole entries, a page; `next` is the next page's `from`
---   POST /v1/cache/load             {"entries":[…]}, as a dump shows them
---   POST /v1/reload
---
--- A failed resolution is an answer of this API (200, `status` tells); only a request that
--- cannot be understood or carried out gets another status and {"error":…,"code":…}.

local json = require("mlxresolve.json")
local parameters = require("mlxresolve.control.parameters")
local result = require("mlxresolve.control.result")
local suggest = require("mlxresolve.suggest")

local control = {}
local methods = {}
local mt = { __name = "mlxresolve.control", __index = methods }

local MOST_TRACES = 100
local ENTRIES, MOST_ENTRIES = 1000, 10000

---@class mlxresolve.ControlOptions
---@field resolver mlxresolve.Resolver
---@field about fun(): table  fields of `status` that only the daemon knows
---@field reload (fun(): true|nil, string?, string?)?  instead of the resolver's own

---@param options mlxresolve.ControlOptions
---@return mlxresolve.Control
function control.new(options)
  return setmetatable({
    resolver = options.resolver,
    about = options.about or function()
      return {}
    end,
    reload = options.reload or function()
      return options.resolver:reload()
    end,
  }, mt)
end

--- Where the control socket is when nobody says otherwise: in a folder that only this user
--- can write to, so that nobody else can stand there in the daemon's place.
---@param world mlxresolve.World
---@param uid integer
---@return string|nil path, string? message, string? code
function control.default_path(world, uid)
  local is_macos = jit.os == "OSX"
  if uid == 0 then
    return (is_macos and "/var/run" or "/run") .. "/mlxresolve.sock"
  end
  local folder = world:env("XDG_RUNTIME_DIR") or (is_macos and world:env("TMPDIR"))
  if folder and folder:sub(1, 1) == "/" then
    return folder:gsub("/+$", "") .. "/mlxresolve.sock"
  end
  local home = world:env("HOME")
  if home and home:sub(1, 1) == "/" then
    return home:gsub("/+$", "") .. "/.mlxresolve.sock"
  end
  return nil, "neither XDG_RUNTIME_DIR nor HOME is set: say --control PATH", "ENOENT"
end

---------------------------------------------------------------- routes

local routes = {}

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
routes["/v1/status"].run = function(self, _, reply)
  local status = self.resolver:status()
  for name, value in pairs(self.about()) do
    status[name] = value
  end
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

routes["/v1/failure"] = { method = "POST" }
routes["/v1/failure"].run = function(self, request, reply)
  local fields, problem = parameters.body(request.body, { name = "string", address = "string" })
  if not fields then
    return refuse(reply, problem)
  elseif not fields.name then
    return reply(400, { error = "body: say which name was met dead", code = "EINVAL" })
  end
  local count, message, code = self.resolver:report_failure(fields.name, fields.address)
  if not count then
    return reply(400, { error = message, code = code })
  end
  reply(200, { doubted = count })
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

routes["/v1/reload"] = { method = "POST" }
routes["/v1/reload"].run = function(self, _, reply)
  local ok, message, code = self.reload()
  if ok then
    return reply(200, { reloaded = true })
  end
  reply(409, { error = message, code = code or "EPOLICY" })
end

local function route_names()
  local names = {}
  for path in pairs(routes) do
    names[#names + 1] = path
  end
  table.sort(names)
  return names
end

---@class mlxresolve.ControlRequest
---@field method string
---@field path string
---@field query string
---@field body string

--- Carries out a request. `reply(status, value)` is called once, now or later.
---@param request mlxresolve.ControlRequest
---@param reply fun(status: integer, value: table)
function methods:handle(request, reply)
  local route = routes[request.path]
  if not route then
    local hint = suggest.hint(request.path, route_names())
    local text = ("no such path: %s%s"):format(request.path, hint)
    return reply(404, { error = text, code = "ENOENT" })
  elseif route.method ~= request.method then
    local text = ("%s: expected %s, got %s"):format(request.path, route.method, request.method)
    return reply(405, { error = text, code = "EINVAL" })
  end
  local ok, problem = xpcall(route.run, debug.traceback, self, request, reply)
  if not ok then
    self.resolver.world:log("error", "control: " .. problem)
    reply(500, { error = "this request met a defect; the log has more", code = "EINTERNAL" })
  end
end

--- Opens the socket and serves there.
---@param world mlxresolve.World
---@param path string
---@return table|nil server, string? message, string? code
function methods:serve(world, path)
  local server, message, code
  server, message, code = world:http({ path = path }, function(slot, method, target, query, body)
    local request = { method = method, path = target, query = query, body = body }
    self:handle(request, function(status, value)
      if server then
        server:reply(slot, status, "application/json", json.encode(value) .. "\n")
      end
    end)
  end)
  return server, message, code
end

return control
