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
---   GET  /v1/pins                   who has proved who he is
---   POST /v1/pins/forget            {"name":"mini2.local"}, or nothing for all
---   POST /v1/reload
---   GET  /v1/watch?name=N[&name=N]…            what becomes of names: a JSON object a line
---   GET  /v1/browse[?type=T][&interface=I]…    the same of services
---
--- A failed resolution is an answer of this API (200, `status` tells); only a request that
--- cannot be understood or carried out gets another status and {"error":…,"code":…}.

local json = require("mlxresolve.json")
local routes = require("mlxresolve.control.routes")
local streams = require("mlxresolve.control.streams")
local suggest = require("mlxresolve.suggest")

local control = {}
local methods = {}
local mt = { __name = "mlxresolve.control", __index = methods }

---@class mlxresolve.ControlOptions
---@field resolver mlxresolve.Resolver
---@field about fun(): table  fields of `status` that only the daemon knows
---@field reload (fun(): true|nil, string[]|string|nil, string?)?  instead of the resolver's own

---@param options mlxresolve.ControlOptions
---@return mlxresolve.Control
function control.new(options)
  return setmetatable({
    resolver = options.resolver,
    streams = false,
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

---------------------------------------------------------------- serving

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

--- Carries out a request. `reply(status, value)` is called once, now or later, unless a stream is
--- opened.
---@param request mlxresolve.ControlRequest
---@param reply fun(status: integer, value: table)
---@param open_stream fun(on_end: fun()): mlxresolve.ControlStream|nil, table?
function methods:handle(request, reply, open_stream)
  local route = routes[request.path]
  if not route then
    local hint = suggest.hint(request.path, route_names())
    local text = ("no such path: %s%s"):format(request.path, hint)
    return reply(404, { error = text, code = "ENOENT" })
  elseif route.method ~= request.method then
    local text = ("%s: expected %s, got %s"):format(request.path, route.method, request.method)
    return reply(405, { error = text, code = "EINVAL" })
  elseif route.method == "POST" and request.query ~= "" then
    -- unread, `?name=mini2.local` would mean everything
    local text = "%s: expected a JSON object in the body, got parameters: ?%s"
    return reply(400, { error = text:format(request.path, request.query), code = "EINVAL" })
  end
  local ok, problem = xpcall(route.run, debug.traceback, self, request, reply, open_stream)
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
  self.streams = streams.new(world, self.resolver.scheduler)
  server, message, code = world:http({ path = path }, function(slot, method, target, query, body)
    if not method then
      return self.streams:left(slot)
    end
    local request = { method = method, path = target, query = query, body = body }
    self:handle(request, function(status, value)
      if server then
        server:reply(slot, status, "application/json", json.encode(value) .. "\n")
      end
    end, function(on_end)
      return self.streams:open(server, slot, on_end)
    end)
  end)
  return server, message, code
end

--- Ends the replies that go on; the server is closed by whoever has opened it.
function methods:close()
  if self.streams then
    self.streams:close()
  end
end

return control
