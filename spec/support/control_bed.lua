--- The control API over a resolver that does nothing but note what it was told.

local assert = require("luassert")
local control = require("mlxresolve.control")
local virtual = require("mlxresolve.world.virtual")

local control_bed = {}

local function new_resolver(world)
  local resolver = { world = world, asked = {} }
  function resolver.resolve(self, name, options, callback)
    self.asked[#self.asked + 1] = { name = name, options = options }
    self.callback = callback
  end
  function resolver.status()
    return { strategies = { { name = "hosts" } } }
  end
  function resolver.flush(self, filter)
    self.filter = filter
    return 3
  end
  function resolver.reload()
    return true
  end
  return resolver
end

--- A world, a resolver, the API, and `ask(method, target, body)`: the status and the value of the
--- reply, if there is one yet.
function control_bed.new()
  local world = virtual.new()
  local resolver = new_resolver(world)
  local api = control.new {
    resolver = resolver,
    about = function()
      return { pid = 812 }
    end,
  }
  local function ask(method, target, body)
    local path, query = target:match("^([^?]*)%??(.*)$")
    local request = { method = method, path = path, query = query, body = body or "" }
    local reply = {}
    api:handle(request, function(status, value)
      assert(reply.status == nil, "replied twice")
      reply.status, reply.value = status, value
    end)
    return reply
  end
  return world, resolver, api, ask
end

function control_bed.assert_refused(reply, status, code, text)
  assert.are.equal(status, reply.status)
  assert.are.equal(code, reply.value.code)
  assert.is_truthy(reply.value.error:find(text, 1, true), reply.value.error)
end

return control_bed
