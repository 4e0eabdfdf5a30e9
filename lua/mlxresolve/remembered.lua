--- What identity checks found when they met a host for the first time, and hold it to from then on:
--- by check and name. Kept in a file where the resolver may have files, so that a restart is no
--- first time; written whole beside its place and then put there, so that it is never half.

local MAX_ENTRIES = 4096
local HEAD = "# Written by mlxresolve: what hosts proved to be when they were first met.\n"
  .. "# check, name, evidence, seconds since 1970; `mlxresolve pins --forget NAME` drops a line.\n"

local remembered = {}

---@class mlxresolve.Remembered
local Remembered = { __name = "mlxresolve.remembered" }
Remembered.__index = Remembered

---@param world mlxresolve.World
---@return mlxresolve.Remembered
function remembered.new(world)
  return setmetatable({ world = world, path = false, entries = {}, count = 0 }, Remembered)
end

local function key_of(check, name)
  return check .. "\t" .. name
end

local function put(self, check, name, evidence, since)
  local key = key_of(check, name)
  if not self.entries[key] then
    if self.count >= MAX_ENTRIES then
      return nil, ("more than %d hosts are remembered"):format(MAX_ENTRIES), "ENOSPACE"
    end
    self.count = self.count + 1
  end
  self.entries[key] = { check = check, name = name, evidence = evidence, since = since }
  return true
end

--- Entries as plain tables: { check, name, evidence, since }, sorted by name.
---@return table[]
function Remembered:list()
  local list = {}
  for _, entry in pairs(self.entries) do
    list[#list + 1] = entry
  end
  table.sort(list, function(a, b)
    return a.name .. a.check < b.name .. b.check
  end)
  return list
end

local function save(self)
  if not self.path then
    return
  end
  local lines = { HEAD }
  for _, entry in ipairs(self:list()) do
    local line = "%s\t%s\t%s\t%d\n"
    lines[#lines + 1] = line:format(entry.check, entry.name, entry.evidence, entry.since)
  end
  local ok, message = self.world:write_file(self.path, table.concat(lines))
  if not ok then
    self.world:log("warn", ("pins: %s; hosts are remembered until the end only"):format(message))
  end
end

--- Reads what an earlier process remembered, and writes there from now on. What was remembered
--- before this call stays.
---@param path string
function Remembered:open(path)
  self.path = path
  local text, message, code = self.world:read_file(path)
  if not text and code ~= "ENOENT" then
    self.world:log("warn", "pins: " .. message)
  end
  for line in (text or ""):gmatch("[^\n]+") do
    local check, name, evidence, since = line:match("^([%w_]+)\t(%S+)\t([^\t]+)\t(%d+)$")
    if check and not self.entries[key_of(check, name)] then
      put(self, check, name, evidence, tonumber(since))
    end
  end
end

--- What a check found of a name when it was first met.
---@param check string
---@param name string  canonical
---@return string|nil evidence
function Remembered:get(check, name)
  local entry = self.entries[key_of(check, name)]
  return entry and entry.evidence
end

--- Remembers it.
---@param check string
---@param name string     canonical
---@param evidence string  a line of text without tabs
---@return true|nil, string? message, string? code
function Remembered:put(check, name, evidence)
  if evidence:find("[%c]") or evidence == "" then
    return nil, "evidence is a line of text without tabs", "EINVAL"
  end
  local ok, message, code = put(self, check, name, evidence, math.floor(self.world:date()))
  if ok then
    save(self)
    local text = "%s: met for the first time: %s %s"
    self.world:log("info", text:format(name, check, evidence))
  end
  return ok, message, code
end

--- Forgets a name, or all: the next time is a first time. How many were forgotten.
---@param name string?  canonical
---@return integer
function Remembered:forget(name)
  local count = 0
  for key, entry in pairs(self.entries) do
    if not name or entry.name == name then
      self.entries[key] = nil
      count = count + 1
    end
  end
  self.count = self.count - count
  if count > 0 then
    save(self)
  end
  return count
end

return remembered
