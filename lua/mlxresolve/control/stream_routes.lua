--- The part of the control API that goes on: what becomes of names and services.

local events = require("mlxresolve.control.events")
local parameters = require("mlxresolve.control.parameters")

---@type table<string, mlxresolve.ControlRoute>
local routes = {}

local function refuse(reply, refusal)
  reply(refusal.status, { error = refusal.error, code = refusal.code })
end

--- Opens a stream that begins with `head`, and whose end closes the handles that `begin` fills a
--- list with. A client may be gone before there is any.
local function follow(head, begin, reply, open_stream)
  local handles = {}
  local stream, problem = open_stream(function()
    for _, handle in ipairs(handles) do
      handle:close()
    end
  end)
  if not stream then
    return refuse(reply, problem)
  end
  if stream:send(head) then
    begin(stream, handles)
  end
end

routes["/v1/watch"] = { method = "GET" }
routes["/v1/watch"].run = function(self, request, reply, open_stream)
  local names, problem = parameters.names(request.query)
  if not names then
    return refuse(reply, problem)
  end
  local resolver = self.resolver
  follow({ event = "watching", names = names }, function(stream, handles)
    for i, name in ipairs(names) do
      handles[i] = resolver:watch(name, function(event)
        stream:send(events.of_name(event, resolver.world:date()))
      end)
    end
  end, reply, open_stream)
end

routes["/v1/browse"] = { method = "GET" }
routes["/v1/browse"].run = function(self, request, reply, open_stream)
  local asked, problem = parameters.browsing(request.query)
  if not asked then
    return refuse(reply, problem)
  end
  local resolver = self.resolver
  follow({ event = "watching", type = asked.type or false }, function(stream, handles)
    handles[1] = resolver:mdns():browse(asked.type, function(service)
      stream:send(events.of_service(service, resolver.world:date()))
    end, { interfaces = asked.interfaces })
  end, reply, open_stream)
end

return routes
