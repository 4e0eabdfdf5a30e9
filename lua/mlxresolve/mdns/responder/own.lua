--- What this machine publishes itself, for those who ask on it: told without asking the link.

local record = require("mlxresolve.mdns.responder.record")

local own = {}

local function views_on(views, interfaces)
  local list = {}
  for _, view in pairs(views) do
    if not interfaces or interfaces[view.link.index] then
      list[#list + 1] = view
    end
  end
  table.sort(list, function(a, b)
    return a.link.index < b.link.index
  end)
  return list
end

-- Link-local addresses mean something on their own link only, and to few programs.
local function without_link_local(data)
  local kept = {}
  for _, text in ipairs(data) do
    if not text:find("^fe[89ab]") then
      kept[#kept + 1] = text
    end
  end
  return kept[1] and kept or data
end

local function collect(found, view, entry, type)
  found.is_unique = found.is_unique or entry.is_unique
  for _, one in ipairs(entry.records) do
    if one.type == type and not found.seen[one.data] then
      found.seen[one.data] = true
      found.data[#found.data + 1] = one.data
      found.interface = found.interface or view.link.index
    end
  end
end

---@class mlxresolve.mdns.Own
---@field data string[]       texts; empty for a type that a name of ours alone lacks
---@field ttl integer
---@field interface integer|false
---@field is_unique boolean   nobody else has such records

--- What we say ourselves of a name, on these interfaces; nil for what is not ours.
---@param views table<integer, mlxresolve.mdns.View>
---@param name string
---@param type string
---@param interfaces table<integer, boolean>|nil
---@return mlxresolve.mdns.Own|nil
function own.find(views, name, type, interfaces)
  local found = { data = {}, seen = {}, interface = false, is_unique = false }
  for _, view in ipairs(views_on(views, interfaces)) do
    local entry = view.names[name]
    if entry then
      collect(found, view, entry, type)
    end
  end
  if found.is_unique or found.data[1] then
    found.data = without_link_local(found.data)
    found.ttl = found.is_unique and record.HOST_TTL or record.OTHER_TTL
    return found
  end
end

return own
