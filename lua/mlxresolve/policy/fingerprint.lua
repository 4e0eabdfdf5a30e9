--- Hashes of nodes: two nodes with the same hash behave the same, so that a reload can keep
--- the instance and what it said.
local core = require("mlxresolve.core")

local fingerprint = {}

local write -- forward: tables hold values

-- Options of the type `any` may hold themselves.
local function write_table(value, parts)
  if parts[value] then
    return
  end
  parts[value] = true
  local keys = {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  parts[#parts + 1] = "{"
  for _, key in ipairs(keys) do
    parts[#parts + 1] = tostring(key) .. "="
    write(value[key], parts)
  end
  parts[#parts + 1] = "}"
end

-- A function is told apart by the policy's text, which a node with functions bears.
write = function(value, parts)
  if type(value) == "table" and value.hash and value.kind then
    parts[#parts + 1] = "node " .. value.hash
  elseif type(value) == "table" then
    write_table(value, parts)
  elseif type(value) == "function" then
    parts.has_functions = true
  else
    parts[#parts + 1] = ("%s %s;"):format(type(value), tostring(value))
  end
end

local said = {}
for name in
  ([[kind plugin_name given_name options after members zones except types timeout retry cache
  denials purpose source]]):gmatch("[%a_]+")
do
  said[#said + 1] = name
end

--- The text of all of a policy's files: what its functions may depend on.
---@param recorder mlxresolve.Recorder
---@return string
function fingerprint.policy_text(recorder)
  local parts = {}
  for i, path in ipairs(recorder.files) do
    parts[i] = recorder.units[path].text
  end
  return table.concat(parts, "\0")
end

--- The hash of a node that still bears its `source`.
---@param node table
---@param recorder mlxresolve.Recorder
---@return integer
function fingerprint.of(node, recorder)
  local parts = {}
  for _, name in ipairs(said) do
    write(node[name], parts)
  end
  if parts.has_functions then
    parts[#parts + 1] = fingerprint.policy_text(recorder)
  end
  return core.cache.fingerprint(table.concat(parts, "\0"))
end

--- The 32-bit hash of a text; 0 for none.
---@param text string|false|nil
---@return integer
function fingerprint.text(text)
  return text and core.cache.fingerprint(text) or 0
end

return fingerprint
