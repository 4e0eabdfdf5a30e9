--- The part of the control API that tells who has proved who he is, and forgets first meetings.

local parameters = require("mlxresolve.control.parameters")

---@type table<string, mlxresolve.ControlRoute>
local routes = {}

routes["/v1/pins"] = { method = "GET" }
routes["/v1/pins"].run = function(self, request, reply)
  local fine, problem = parameters.read(request.query, {})
  if not fine then
    return reply(problem.status, { error = problem.error, code = problem.code })
  end
  local resolver = self.resolver
  reply(200, { remembered = resolver.remembered:list(), proofs = resolver.identity:list() })
end

routes["/v1/pins/forget"] = { method = "POST" }
routes["/v1/pins/forget"].run = function(self, request, reply)
  local fields, problem = parameters.body(request.body, { name = "string" })
  local name
  if fields and fields.name then
    name, problem = parameters.name(fields.name)
  end
  if problem then
    return reply(problem.status, { error = problem.error, code = problem.code })
  end
  reply(200, { forgotten = self.resolver:forget_pins(name) })
end

return routes
