--- The documents whose tables are made from the code, as they should read now.
local plugins = require("mlxresolve.plugins")
local reference = require("mlxresolve.reference")
local virtual = require("mlxresolve.world.virtual")

local documents = { paths = { "plugins/README.md" } }

---@param path string
---@return string
function documents.read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- In a virtual world, which is all that loading a plugin needs.
local function built_in()
  local world = virtual.new()
  local list = assert(io.popen("ls plugins/*.lua"))
  for path in list:lines() do
    world.files[path] = documents.read(path)
  end
  list:close()
  return plugins.new(world, { "plugins" })
end

---@param path string
---@return string
function documents.expected(path)
  return reference.fill(documents.read(path), {
    plugins = reference.plugin_table(built_in()),
    common = reference.common_table(),
    policy = reference.policy_table(),
  })
end

return documents
