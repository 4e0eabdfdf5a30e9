--- A query and a context for specs of single plugins: no chain, no scheduler. Answers are
--- plain tables that show what the plugin said.
local core = require("mlxresolve.core")
local policies = require("support.policies")
local policy = require("mlxresolve.policy")

local fake = {}

local query_methods = {}
local query_mt = { __name = "mlxresolve.query", __index = query_methods }

function query_methods:under(zone)
  return self.name == zone or self.name:sub(-#zone - 1) == "." .. zone or zone == "."
end

-- What of `data` is for this type; like the host: absent means NODATA.
local function data_for(query, data)
  if type(data) == "table" and #data == 0 then
    data = data[query.type:lower()]
  end
  return type(data) == "string" and { data } or data or {}
end

function query_methods:answer(data, ttl)
  local list = data_for(self, data)
  local packet = assert(core.answer.build(self.name, self.type, list, ttl or 60))
  local status, real_ttl = core.answer.read(packet)
  return { status = status, ttl = real_ttl, data = core.answer.data(packet) or {} }
end

function query_methods.nxdomain(_, ttl)
  return { status = "nxdomain", ttl = ttl, data = {} }
end

function query_methods.nodata(_, ttl)
  return { status = "nodata", ttl = ttl, data = {} }
end

function query_methods:exists()
  self.is_known = true
end

--- A question.
---@param name string
---@param type string?  "A" when absent
function fake.query(name, type)
  type = type or "A"
  local number = core.wire.type_number(type)
  return setmetatable({ name = core.name.canonical(name), type = type, number = number }, query_mt)
end

--- A context over a virtual world. `flushed` lists what was dropped from the cache; `natives`
--- and `answers` script what getaddrinfo and sub-queries say; `logged` is what the log got.
function fake.context(world)
  local context =
    { flushed = {}, natives = {}, answers = {}, asked = {}, chance = 0.5, logged = {} }
  context.cache = {
    flush = function(_, filter)
      table.insert(context.flushed, filter)
      return 1
    end,
  }
  function context.now()
    return world:now()
  end
  function context.random()
    return context.chance
  end
  function context.log(_, level, text)
    table.insert(context.logged, level .. ": " .. text)
  end
  function context.read_file(_, path)
    return world:read_file(path)
  end
  function context.file_stamp(_, path)
    return world:file_stamp(path)
  end
  function context.interfaces()
    return world:interfaces()
  end
  function context.native(_, name, family)
    table.insert(context.asked, { name, family })
    local found = context.natives[family]
    if not found then
      return nil, "name or service not known", "ENOTFOUND"
    end
    return found
  end
  function context.resolve(_, name, type)
    table.insert(context.asked, { name, type })
    return context.answers[name], "nobody answered", "ENOTFOUND"
  end
  return context
end

-- The plugins of the tree, in the virtual world's files.
local function plugin_text(name)
  local file = assert(io.open("plugins/" .. name .. ".lua"))
  local text = file:read("*a")
  file:close()
  return text
end

local sections = { retry = "retries", rank = "rankers", network_changed = "reactions" }

--- An instance of a built-in plugin, its options checked as in a policy (`options` is Lua
--- text), a context and the world.
---@param name string
---@param options string?
function fake.instance(name, options)
  local world = policies.world { ["/plugins/" .. name .. ".lua"] = plugin_text(name) }
  local use = ("use(%q, %s)"):format(name, options or "{}")
  local text = [[
    local mlx = require("mlxresolve")
    local use = mlx.use
    return mlx.policy { %s strategies = { use("finder"), %s } }]]
  local section = name == "backoff" and sections.retry
    or name == "flush" and sections.network_changed
  if section then
    text = text:format(("%s = { %s },"):format(section, use), "")
  else
    text = text:format("", use)
  end
  world.files["/p.lua"] = text
  local checked, mistakes = policy.load("/p.lua", { world = world, plugin_dirs = { "/plugins" } })
  assert(checked, tostring(mistakes))
  local node = section and checked[section][1] or checked.strategies[2]
  local instance = setmetatable({ options = node.options }, { __index = node.plugin })
  local context = fake.context(world)
  if instance.open then
    instance:open(context)
  end
  return instance, context, world
end

return fake
