--- Versions. The plugin API counts on its own: a plugin that states `api = "1.0"` runs with
--- every later 1.x.
local core = require("mlxresolve.core")

local version = { library = core.version, api = "1.0" }

local function parts(text)
  local major, minor = tostring(text):match("^(%d+)%.?(%d*)$")
  return tonumber(major), tonumber(minor) or 0
end

--- Can a plugin written for `api` run here?
---@param api string|number
---@return boolean
function version.is_compatible(api)
  local major, minor = parts(api)
  local our_major, our_minor = parts(version.api)
  return major == our_major and minor <= our_minor
end

return version
