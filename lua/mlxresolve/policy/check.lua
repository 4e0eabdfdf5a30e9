--- Turns what a policy said into what the chain works with, and finds all mistakes on the
--- way: each draft (`use`, `race`) becomes a node.
local builders = require("mlxresolve.policy.builders")
local fingerprint = require("mlxresolve.policy.fingerprint")
local options = require("mlxresolve.options")
local plugins = require("mlxresolve.plugins")
local poison = require("mlxresolve.policy.poison")
local schema = require("mlxresolve.policy.schema")
local uses = require("mlxresolve.policy.uses")

local check = {}

---@class mlxresolve.Node
---@field kind "use"|"race"
---@field name string              unique in the policy
---@field plugin_name string       of use
---@field plugin table             of use
---@field options table            checked
---@field after number             of race, ms
---@field members mlxresolve.Node[]  of race
---@field zones string[]|false
---@field except string[]|false
---@field types table<string, true>|false
---@field timeout number|false     ms
---@field retry mlxresolve.Node|false
---@field cache boolean|{ min_ttl: integer?, max_ttl: integer? }
---@field denials "end"|"pass"
---@field purpose string|false
---@field hash integer             32 bits, never 0: same hash, same behaviour
---@field file string
---@field line integer|false

local Checker = {}
local mt = { __name = "mlxresolve.checker", __index = Checker }

---@param recorder mlxresolve.Recorder
---@param loader mlxresolve.Plugins
---@return mlxresolve.Checker
function check.new(recorder, loader)
  local checker = { recorder = recorder, loader = loader, known = {}, nodes = {}, path = "" }
  checker.hooks = {
    is_unknown = poison.is,
    node = function(value, kind, container, key)
      return checker:node_at(value, kind, container, key)
    end,
  }
  return setmetatable(checker, mt)
end

-- The best place known: of the key in its table, of the table, of the whole.
function Checker:place(container, key, about, fallback)
  local site = self.recorder.site_of[container]
  local entry = site and site.keys[key]
  return entry and entry[about] or site and site.place or fallback
end

function Checker:mistake(place, text, ...)
  self.recorder:mistake(place, text, ...)
end

-- Checks `values`; mistakes begin with `who` and lie, at worst, at `fallback`.
function Checker:options(fields_schema, values, who, fallback)
  local checked, mistakes = options.check(fields_schema, values, self.hooks)
  for _, mistake in ipairs(mistakes) do
    local place = self:place(mistake.container, mistake.key, mistake.about, fallback)
    self:mistake(place, "%s", who .. mistake.text)
  end
  return checked
end

-- The named fields of a race are options, the others its members; some options are theirs alone.
local function split_race(checker, fields, place)
  local values, members = {}, {}
  for key, value in pairs(fields) do
    if schema.common[key] and not schema.race[key] then
      local at = checker:place(fields, key, "key", place)
      checker:mistake(at, "race: '%s' belongs to its members: use(…, { %s = … })", key, key)
    else
      (type(key) == "number" and members or values)[key] = value
    end
  end
  checker.recorder.site_of[values] = checker.recorder.site_of[fields]
  checker.recorder.site_of[members] = checker.recorder.site_of[fields]
  return values, members
end

function Checker:race(draft)
  local fields = draft.fields
  if type(fields) ~= "table" or getmetatable(fields) ~= nil then
    if not poison.is(fields) then
      self:mistake(draft.place, "mlx.race needs a table { use(…), use(…) }")
    end
    return false
  end
  local values, members = split_race(self, fields, draft.place)
  local checked = self:options(schema.race, values, "race: ", draft.place)
  local list_schema = { members = { "list", of = { "plugin", kind = "resolve" } } }
  if next(members) == nil then
    self:mistake(draft.place, "a race has members: write mlx.race { use(…), use(…) }")
  end
  local node = { kind = "race", after = checked.after }
  uses.take_common(node, checked)
  local holder = { members = members }
  self.recorder.site_of[holder] = { place = draft.place, keys = {} }
  node.members = self:options(list_schema, holder, "race: ", draft.place).members or {}
  return node
end

function Checker:draft(draft)
  local known = self.known[draft]
  if known == nil then
    known = draft.kind == "use" and uses.node(self, draft)
      or draft.kind == "race" and self:race(draft)
    self.known[draft] = known
  end
  return known
end

local function fits(node, kind)
  if node.kind == "race" then
    return kind == "resolve"
  end
  local plugin = node.plugin
  return type(plugin[kind]) == "function"
    or (kind == "answered" and type(plugin.open) == "function")
end

local function kind_of(method)
  for _, kind in ipairs(plugins.kinds) do
    if kind.method == method then
      return kind
    end
  end
end

-- "'backoff' is a retry policy and cannot stand here: expected …; it belongs in 'retries'"
local function misplaced(node, wanted)
  local is = node.kind == "race" and kind_of("resolve") or plugins.kinds_of(node.plugin)[1]
  local belongs = is.section and ("; it belongs in '%s'"):format(is.section) or ""
  local text = "'%s' is %s and cannot stand here: expected %s (a plugin with '%s')%s"
  return text:format(node.plugin_name or "race", is.noun, kind_of(wanted).noun, wanted, belongs)
end

--- The node of a value that stands where a plugin of `kind` is wanted.
function Checker:node_at(value, kind, container, key)
  local place = self:place(container, key, "value", { file = self.path })
  if not builders.is_draft(value) or value.kind == "policy" then
    local example = type(value) == "string" and value
      or kind_of(kind).method == "resolve" and "mdns"
    local text = 'expected %s such as use("%s"), got %s'
    self:mistake(place, text, kind_of(kind).noun, example or "…", options.show(value))
    return nil
  end
  local made = self:draft(value)
  if not made then
    return nil
  elseif not fits(made, kind) then
    self:mistake(place, "%s", misplaced(made, kind))
    return nil
  end
  return self:place_node(made, value)
end

-- One draft may stand in several places; each is an instance of its own.
function Checker:place_node(made, draft)
  local node = {}
  for name, value in pairs(made) do
    node[name] = value
  end
  node.file = draft.place.unit and draft.place.unit.path or draft.place.file
  node.line = draft.place.line or false
  node.hash = fingerprint.of(node, self.recorder)
  table.insert(self.nodes, node)
  return node
end

-- Given names first: they are the operator's; the others take what is free.
function Checker:name_nodes()
  local taken = {}
  for _, node in ipairs(self.nodes) do
    local name = node.given_name
    if name and taken[name] and node.name_at then
      self:mistake(node.name_at, "the name '%s' is taken by another plugin of this policy", name)
    elseif name and not taken[name] then
      taken[name], node.name = true, name
    end
  end
  for _, node in ipairs(self.nodes) do
    local base, count = node.given_name or node.plugin_name or "race", 1
    local name = base
    while not node.name and taken[name] do
      count = count + 1
      name = ("%s#%d"):format(base, count)
    end
    node.name = node.name or name
    taken[node.name] = true
    node.given_name, node.name_at, node.source = nil, nil, nil
  end
end

-- An address that stands twice in `listen` could never be bound.
function Checker:check_listeners(fields, listen)
  local seen = {}
  for i, endpoint in ipairs(listen or {}) do
    if seen[endpoint] and not endpoint:match(":0$") then
      local place = self:place(fields.listen, i, "value", { file = self.path })
      self:mistake(place, "'listen' names %s twice", endpoint)
    end
    seen[endpoint] = true
  end
end

-- What changes of the network make doubtful is looked into unless the policy says otherwise.
function Checker:default_reactions(place)
  if not self.loader:has("revalidate") then
    return {}
  end
  local draft = { kind = "use", plugin = "revalidate", place = place, site = false }
  local made = self:draft(draft)
  return { made and self:place_node(made, draft) or nil }
end

--- Checks the fields of a policy and all drafts that were made beside it.
---@param fields table
---@param place mlxresolve.Place|table   of the policy
---@return table policy
function Checker:policy(fields, place)
  self.path = place.unit and place.unit.path or place.file
  local policy = self:options(schema.policy, fields, "policy: ", place)
  self:check_listeners(fields, policy.listen)
  if fields.reactions == nil then
    policy.reactions = self:default_reactions(place)
  end
  self:rest()
  self:name_nodes()
  return policy
end

--- Checks drafts that stand nowhere: a mistake in them is one, too.
function Checker:rest()
  for _, draft in ipairs(self.recorder.drafts or {}) do
    if draft.kind ~= "policy" then
      self:draft(draft)
    end
  end
end

return check
