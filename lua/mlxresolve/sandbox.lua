--- The environment of policies and plugins: the language without the machine. No files,
--- processes, clock, randomness, FFI or bytecode; the world reaches a plugin through `ctx`.
--- It keeps honest code deterministic and out of the host's tables; it is no wall against
--- code that means harm (memory and time are the host's to guard).
local sandbox = {}

local base = { "_VERSION", "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal" }
for name in ("rawget rawset select tonumber tostring type unpack xpcall"):gmatch("%a+") do
  base[#base + 1] = name
end

-- Left out: string.dump makes bytecode, math.random is not the world's.
local libraries = {
  bit = { bit },
  coroutine = { coroutine },
  math = { math, random = true, randomseed = true },
  string = { string, dump = true },
  table = { table },
}

local function read_only(name, members)
  return setmetatable({}, {
    __index = members,
    __metatable = false,
    __newindex = function(_, key)
      error(("%s.%s cannot be set: library tables are read-only"):format(name, tostring(key)), 2)
    end,
  })
end

local function copy_without(library)
  local members = {}
  for name, member in pairs(library[1]) do
    if not library[name] then
      members[name] = member
    end
  end
  return members
end

local function is_ours(value)
  local mt = getmetatable(value)
  local name = type(mt) == "table" and rawget(mt, "__name")
  return type(name) == "string" and name:find("^mlxresolve") ~= nil
end

-- Strings share one metatable with the host, and the host's objects keep theirs.
local function safe_getmetatable(value)
  if type(value) ~= "table" or is_ours(value) then
    return nil
  end
  return getmetatable(value)
end

local function safe_setmetatable(value, mt)
  if type(value) == "table" and is_ours(value) then
    error("cannot change the metatable of an object of the host", 2)
  end
  return setmetatable(value, mt)
end

local function collect(chunk)
  if type(chunk) ~= "function" then
    return chunk
  end
  local parts = {}
  for part in chunk do
    if part == "" then
      break
    end
    parts[#parts + 1] = part
  end
  return table.concat(parts)
end

--- Loads Lua source, never bytecode, with `env` as its globals.
---@param text string
---@param name string  "@file" or "=what"
---@param env table
---@return function|nil, string? message
function sandbox.load(text, name, env)
  if type(text) ~= "string" then
    return nil, "Lua source must be a string"
  elseif text:byte(1) == 27 then
    return nil, "this is bytecode; only Lua source is loaded"
  end
  return load(text, name, "t", env)
end

local function add_loaders(globals, env, modules)
  function globals.load(chunk, name, _, own_env)
    return sandbox.load(collect(chunk), name or "=load", own_env or env)
  end
  function globals.loadstring(text, name)
    return sandbox.load(text, name or "=loadstring", env)
  end
  function globals.require(name)
    local module = modules[name]
    if not module then
      local text = "module '%s' is not for policies and plugins: require \"mlxresolve\""
      error(text:format(tostring(name)), 2)
    end
    return module
  end
end

---@class mlxresolve.SandboxOptions
---@field modules table<string, table>      what `require` gives
---@field globals table<string, any>?       further ones
---@field undefined (fun(name: any): any)?  the value of an undefined global; nil when absent

--- A fresh environment. Globals cannot be set in it, unless `undefined` shows that somebody
--- else has checked them.
---@param spec mlxresolve.SandboxOptions
---@return table env
function sandbox.new(spec)
  local globals = {}
  for name, value in pairs(spec.globals or {}) do
    globals[name] = value
  end
  for _, name in ipairs(base) do
    globals[name] = _G[name]
  end
  for name, library in pairs(libraries) do
    globals[name] = read_only(name, copy_without(library))
  end
  globals.getmetatable, globals.setmetatable = safe_getmetatable, safe_setmetatable
  local env = setmetatable({}, {
    __index = globals,
    __metatable = false,
    __newindex = spec.undefined and rawset or function(_, name)
      error(("global '%s' cannot be set: write local %s"):format(tostring(name), name), 2)
    end,
  })
  add_loaders(globals, env, spec.modules)
  if spec.undefined then
    setmetatable(globals, {
      __index = function(_, name)
        return spec.undefined(name)
      end,
    })
  end
  return env
end

--- The names that every such environment defines, sorted.
---@return string[]
function sandbox.names()
  local names = { "getmetatable", "setmetatable", "load", "loadstring", "require" }
  for _, name in ipairs(base) do
    names[#names + 1] = name
  end
  for name in pairs(libraries) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

return sandbox
