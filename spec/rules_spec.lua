--- The layers and the budgets, read from the real lines of the sources.

local function lines_of(command)
  local list = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do
    list[#list + 1] = line
  end
  pipe:close()
  return list
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function tracked(...)
  local list = {}
  for _, pattern in ipairs { ... } do
    for _, path in
      ipairs(lines_of("git ls-files --cached --others --exclude-standard '" .. pattern .. "'"))
    do
      list[#list + 1] = path
    end
  end
  assert(#list > 0, "no file matches " .. table.concat({ ... }, " "))
  return list
end

local function count_lines(text)
  return select(2, text:gsub("\n", "\n"))
end

--- Parts of the core, by the name that their files begin with, as ARCHITECTURE.md lists them.
local function parts_of(layer)
  local parts = {}
  local row = read("ARCHITECTURE.md"):match("\n| " .. layer .. ": ([%w ]+)|")
  for name in assert(row, "no row " .. layer):gmatch("%w+") do
    parts[name] = true
  end
  return parts
end

local PURE, IO = parts_of("pure C"), parts_of("I/O C")

local function part_of(path)
  local base = path:match("([^/]+)%.[ch]$")
  return base:match("^[^_]+"), base
end

local function includes(path)
  local list = {}
  for kind, name in read(path):gmatch('#%s*include%s*([<"])([^>"]+)[>"]') do
    list[#list + 1] = { name = name, is_own = kind == '"' }
  end
  return list
end

-- what a pure part may take from the system: memory, text, numbers, and locks for the cache
local PURE_SYSTEM = {
  ["errno.h"] = true,
  ["stdbool.h"] = true,
  ["stddef.h"] = true,
  ["stdint.h"] = true,
  ["stdio.h"] = true,
  ["stdlib.h"] = true,
  ["string.h"] = true,
  ["strings.h"] = true,
  ["limits.h"] = true,
  ["ctype.h"] = true,
  ["inttypes.h"] = true,
  ["xxhash.h"] = true,
  ["stdatomic.h"] = true,
  ["math.h"] = true,
}
local CACHE_SYSTEM =
  { ["unistd.h"] = true, ["pthread.h"] = true, ["sys/mman.h"] = true, ["sched.h"] = true }

--- Lua files of the library and what they require.
local function requires(path)
  local list = {}
  for name in read(path):gmatch("require%s*%(?%s*[\"']([%w_.]+)[\"']") do
    list[#list + 1] = name
  end
  return list
end

local PURE_PARTS = {
  name = true,
  address = true,
  wire = true,
  answer = true,
  cache = true,
  exchange = true,
  interest = true,
  explain = true,
  version = true,
}

describe("the layers", function()
  it("keep Lua's headers to the bindings and the program", function()
    for _, path in ipairs(tracked("core/*.c", "core/*.h")) do
      local is_allowed = path:match("^core/bind/") or path == "core/main.c"
      for _, include in ipairs(includes(path)) do
        if include.name:match("^lua") or include.name:match("^luv") then
          assert.is_truthy(is_allowed, path .. " includes " .. include.name)
        end
      end
    end
  end)

  it("keep pure parts of the core free of the operating system", function()
    for _, path in ipairs(tracked("core/*.c", "core/*.h")) do
      local part = part_of(path)
      if not path:match("^core/%w+/") and PURE[part] then
        for _, include in ipairs(includes(path)) do
          local name = include.name
          local is_fine
          if include.is_own then
            is_fine = PURE[name:match("^[^_.]+")] or name == "mlxresolve.h"
          else
            is_fine = PURE_SYSTEM[name]
              or (part == "cache" and CACHE_SYSTEM[name])
              or (part == "address" and name == "arpa/inet.h")
          end
          assert.is_truthy(is_fine, path .. " includes " .. name)
        end
      end
    end
  end)

  it("know every file of the core", function()
    for _, path in ipairs(tracked("core/*.c", "core/*.h")) do
      if not path:match("^core/%w+/") and path ~= "core/main.c" and path ~= "core/mlxresolve.h" then
        local part = part_of(path)
        assert.is_truthy(PURE[part] or IO[part], path .. " belongs to no layer")
      end
    end
  end)

  it("keep luv and the core's I/O objects to the real world", function()
    for _, path in ipairs(tracked("lua/mlxresolve/*.lua", "lua/mlxresolve/**/*.lua")) do
      local is_world = path:match("^lua/mlxresolve/world/real")
      for _, name in ipairs(requires(path)) do
        local is_outside = name == "mlxresolve.http" or name == "mlxresolve.store"
        if name == "luv" or name == "ffi" or is_outside then
          assert.is_truthy(is_world and name ~= "ffi", path .. " requires " .. name)
        end
      end
      if not is_world then
        -- outside of comments
        for part in read(path):gsub("%-%-[^\n]*", ""):gmatch("%f[%w_]core%.([%w_]+)") do
          assert.is_truthy(PURE_PARTS[part], path .. " uses core." .. part)
        end
      end
    end
  end)

  it("let plugins and examples of policies require nothing but mlxresolve", function()
    for _, path in ipairs(tracked("plugins/*.lua")) do
      for _, name in ipairs(requires(path)) do
        assert.equal("mlxresolve", name, path)
      end
      local text = read(path)
      for _, word in ipairs { "io%.", "os%.", "ffi%.", "math%.random", "debug%." } do
        assert.is_nil(text:match("%f[%w_.]" .. word), path .. " uses " .. word)
      end
    end
  end)
end)

describe("the budgets", function()
  it("keep C files to 600 lines, Lua files to 300, plugins to 120", function()
    local limits =
      { { 600, "core/*.c", "core/*.h" }, { 300, "lua/*.lua" }, { 120, "plugins/*.lua" } }
    for _, limit in ipairs(limits) do
      for _, path in ipairs(tracked(unpack(limit, 2))) do
        local n = count_lines(read(path))
        assert.is_true(n <= limit[1], ("%s has %d lines, at most %d"):format(path, n, limit[1]))
      end
    end
  end)

  it("keep functions of C to 60 lines", function()
    for _, path in ipairs(tracked("core/*.c")) do
      local start, name
      local n = 0
      for line in (read(path)):gmatch("([^\n]*)\n") do
        n = n + 1
        if line:match("^%a.*[^;]$") and line:match("%(") then
          name = line:match("([%w_]+)%s*%(")
        end
        if line == "{" or (line:match("^%a.*{$") and line:match("%)")) then
          start = n
        elseif line == "}" and start then
          assert.is_true(
            n - start <= 60,
            ("%s: %s has %d lines"):format(path, tostring(name), n - start)
          )
          start = nil
        end
      end
    end
  end)

  it("give every source file a spec at the same path", function()
    local missing = {}
    local function want(path, spec)
      local file = io.open(spec)
      if file then
        file:close()
      else
        missing[#missing + 1] = path .. " wants " .. spec
      end
    end
    for _, path in ipairs(tracked("lua/mlxresolve/*.lua")) do
      want(path, (path:gsub("^lua/", "spec/"):gsub("%.lua$", "_spec.lua")))
    end
    for _, path in ipairs(tracked("plugins/*.lua")) do
      want(path, (path:gsub("^plugins/", "spec/plugins/"):gsub("%.lua$", "_spec.lua")))
    end
    for part in pairs(PURE) do
      want("core/" .. part .. ".c", "spec/core/" .. part .. "_spec.lua")
    end
    for part in pairs(IO) do
      -- tested through the objects that stand on them; dns_sd exists on macOS only
      if not ({ sockaddr = 1, poller = 1, dnssd = 1, entropy = 1 })[part] then
        want("core/" .. part .. ".c", "spec/core/" .. part .. "_spec.lua")
      end
    end
    assert.same({}, missing)
  end)

  it("keep assert and abort out of the core", function()
    for _, path in ipairs(tracked("core/*.c", "core/bind/*.c")) do
      if not path:match("^core/fuzz/") and not path:match("^core/stress/") then
        local text = read(path):gsub("_Static_assert", ""):gsub("static_assert", "")
        assert.is_nil(text:match("%f[%w_]assert%s*%("), path .. " uses assert")
        assert.is_nil(text:match("%f[%w_]abort%s*%("), path .. " uses abort")
      end
    end
  end)

  it("leave nothing for later in the text", function()
    for _, path in ipairs(tracked("*.lua", "*.c", "*.h", "*.md", "tools/*", "Makefile")) do
      if path ~= "spec/rules_spec.lua" then
        local text = read(path)
        for _, word in ipairs { "TODO", "FIXME" } do
          assert.is_nil(text:match(word), path .. " says " .. word)
        end
      end
    end
  end)
end)
