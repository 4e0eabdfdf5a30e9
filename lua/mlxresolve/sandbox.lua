--- The environment of policies and plugins: the language without the machine. No files,
--- processes, clock, randomness, FFI or bytecode; the world reaches a plugin through `ctx`.
--- It keeps honest code deterministic and out of the host's tables; it is no wall against
--- code that means harm (memory and time are the host's to guard).
local sandbox = {}

local base = { "_VERSION", "assert", "error", "ipairs", "next", "pairs", "rawequal" }
for name in ("rawget rawset select tonumber tostring type unpack"):gmatch("%a+") do
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

-- Instructions that a file may take when it is loaded: about a second.
local instruction_limit = 2e7
local too_long = "this does not come to an end: is there an endless loop?"

local depth, is_stopped = 0, false

-- What was stopped stays stopped: its own pcall must not go on.
local function unless_stopped(...)
  if is_stopped then
    error(too_long, 0)
  end
  return ...
end

local protected = {
  pcall = function(fn, ...)
    return unless_stopped(pcall(fn, ...))
  end,
  xpcall = function(fn, handler, ...)
    return unless_stopped(xpcall(fn, handler, ...))
  end,
}

local function resume(...)
  return unless_stopped(coroutine.resume(...))
end

-- Coroutines that policies and plugins made themselves.
local made = setmetatable({}, { __mode = "k" })

local function create(fn)
  local co = coroutine.create(fn)
  made[co] = true
  return co
end

local function wrap(fn)
  if type(fn) ~= "function" then
    error("coroutine.wrap: expected a function, got a " .. type(fn), 2)
  end
  return coroutine.wrap(function(...)
    made[coroutine.running()] = true
    return fn(...)
  end)
end

-- Whoever yields out of the host's coroutines is never woken.
local function yield(...)
  local co = coroutine.running()
  if not (co and made[co]) then
    error("coroutine.yield: nobody resumes a plugin's call: wait by ctx:sleep and the like", 2)
  end
  return coroutine.yield(...)
end

local function stop()
  is_stopped = true
  error(too_long, 2)
end

--- Runs the main function of a loaded file, with an end: true and its value, or false after
--- `on_error(message)`, which runs where the error is.
---@param fn function
---@param on_error fun(message: any): any
---@return boolean ok, any value
function sandbox.run(fn, on_error)
  local hook, mask, count = debug.gethook()
  depth = depth + 1
  -- Traces do not look at hooks, hence the interpreter as long as the file runs.
  jit.off(fn, true)
  if depth == 1 then
    is_stopped = false
    debug.sethook(stop, "", instruction_limit)
  end
  local ok, value = xpcall(fn, on_error)
  jit.on(fn, true)
  depth = depth - 1
  if depth == 0 then
    is_stopped = false
    debug.sethook(hook, mask, count)
  end
  return ok, value
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
    local members = copy_without(library)
    if name == "coroutine" then
      members.create, members.wrap, members.yield = create, wrap, yield
      members.resume = resume
    end
    globals[name] = read_only(name, members)
  end
  globals.getmetatable, globals.setmetatable = safe_getmetatable, safe_setmetatable
  globals.pcall, globals.xpcall = protected.pcall, protected.xpcall
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
  local names =
    { "getmetatable", "setmetatable", "load", "loadstring", "require", "pcall", "xpcall" }
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
