--- The documents say what the code does: tables and examples are made from it, and what is written
--- by hand is compared with it.

local bed = require("support.bed")
local conformance = require("support.conformance")
local control = require("mlxresolve.control")
local core = require("mlxresolve.core")
local documents = require("support.documents")
local meta = require("support.meta")
local netns = require("support.netns")
local plugins = require("mlxresolve.plugins")
local shell = require("support.shell")

local REFERENCE = documents.read("docs/reference.md")

local function sorted(set)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do
    set[name] = true
  end
  return set
end

--- The words of the first column of the table after `mark`, or of the first table below a heading.
local function first_column(mark)
  local from = select(2, REFERENCE:find(mark, 1, true))
  assert(from, "the reference has no " .. mark)
  local found = {}
  for line in (REFERENCE:match("\n|[^\n]*\n|%-[^\n]*\n(.-\n)\n", from) or ""):gmatch("[^\n]+") do
    found[line:match("^| `?(.-)`? |")] = line
  end
  assert(next(found), "no table after " .. mark)
  return found
end

local function read_all(pattern)
  local texts = {}
  local pipe = assert(io.popen("git ls-files --cached --others --exclude-standard " .. pattern))
  for path in pipe:lines() do
    texts[path] = shell.read(path)
  end
  pipe:close()
  assert(next(texts), "no file matches " .. pattern)
  return texts
end

describe("the documents", function()
  for _, path in ipairs(documents.paths) do
    it("agree with the code in " .. path .. " (else run tools/documents)", function()
      assert.equal(documents.expected(path), documents.read(path))
    end)
  end

  it("show what the RFCs ask for, every point with its spec or its reason", function()
    assert.same({}, conformance.problems())
  end)

  it("link to what is there", function()
    for path, text in pairs(read_all("'*.md'")) do
      local folder = path:match("^.*/") or ""
      for target in text:gmatch("%]%(([^)#]+)[^)]*%)") do
        if not target:match("^%a+:") then
          assert.is_truthy(io.open(folder .. target), path .. " links to " .. target)
        end
      end
    end
  end)

  it("name files of the project that are there", function()
    local known = {}
    for path in pairs(read_all("'*'")) do
      known[path] = true
      for folder in path:gmatch("()/") do
        known[path:sub(1, folder)] = true
      end
    end
    local places = set_of { "core", "lua", "plugins", "spec", "tools", "examples", "bench", "docs" }
    local pages = { "README.md", "ARCHITECTURE.md", "HACKING.md" }
    pages[4], pages[5] = "docs/reference.md", "docs/howto.md"
    for _, path in ipairs(pages) do
      for word in documents.read(path):gmatch("`([%w_./-]+)`") do
        if places[word:match("^([^/]+)/")] then
          assert.is_true(known[word] == true, path .. " speaks of " .. word)
        end
      end
    end
  end)

  it("show policies without mistakes", function()
    local folder, count = shell.temp_folder(), 0
    for code in documents.read("docs/howto.md"):gmatch("```lua\n(.-)```") do
      if code:find("return mlx.policy", 1, true) then
        count = count + 1
        shell.write(folder .. "/my.lua", code)
        local done = netns.exec { "build/mlxresolve", "check", folder .. "/my.lua" }
        assert.equal(0, done.code, done.err)
      end
    end
    shell.remove_folder(folder)
    assert.is_true(count > 0)
  end)

  it("show a program that works", function()
    local code = documents.read("README.md"):match("```lua\n([^`]-mlx%.open.-)```")
    local out = netns.check(assert(code, "no program in README.md"))
    assert.equal("127.0.0.1\tlocalhost\n::1\tlocalhost\n", out)
  end)
end)

describe("the reference", function()
  it("names the functions of plugins", function()
    local wanted = { close = true }
    for _, kind in ipairs(plugins.kinds) do
      wanted[kind.method] = true
    end
    local found = {}
    for cell in pairs(first_column("\n## Plugins\n")) do
      found[cell:match("^%w+_?%w*")] = true
    end
    assert.same(sorted(wanted), sorted(found))
  end)

  it("names every error code, and no other", function()
    local used = {}
    for _, pattern in ipairs { "'lua/mlxresolve/*.lua'", "'plugins/*.lua'", "core/error.c" } do
      for _, text in pairs(read_all(pattern)) do
        for code in text:gmatch('"(E%u%u+)"') do
          used[code] = true
        end
      end
    end
    local own, named = first_column("\n## Failures\n"), {}
    for code in pairs(own) do
      named[code] = true
    end
    local systems = REFERENCE:match("Errors of the system come.-rcode")
    for code in systems:gmatch("%f[%w]E%u%u+%f[%W]") do
      named[code] = true
    end
    assert.same(sorted(used), sorted(named))
    -- the core's own words
    for code, line in pairs(own) do
      local text = core.explain(code)
      if text ~= code then
        assert.equal(("| `%s` | %s |"):format(code, text), line)
      end
    end
  end)

  it("does not promise fields of a policy that nothing reads", function()
    local text = ""
    for path, content in pairs(read_all("'lua/mlxresolve/*.lua'")) do
      if not path:match("/policy/") then
        -- to tell that it has none is no effect
        text = text .. content:gsub('if policy%.%w+ then%s+self%.world:log%("warn"', "")
      end
    end
    local idle = REFERENCE:match("Checked, but without effect in this version: (.-)%.\n")
    assert.is_truthy(idle)
    for field in idle:gmatch("`([%w_.]+)`") do
      local word = field:match("%w+$")
      local use = text:match("policy%." .. word .. "%f[%W]")
      if field:find(".", 1, true) then
        use = text:match("%.cache[%w .{}]*%." .. word) or text:match("wanted%." .. word)
      end
      assert.is_nil(use, field .. " has an effect now: say so")
    end
  end)

  it("names the routes of the control API", function()
    local found = {}
    for path, route in pairs(require("mlxresolve.control.routes")) do
      found[route.method .. " " .. path] = true
    end
    assert.same(sorted(found), sorted(first_column("\n### The control API\n")))
  end)
end)

describe("the reference of JSON", function()
  local b, api

  before_each(function()
    b = bed.open {
      bed.strategy("mine", function(query)
        if query.name == "down.example." then
          return nil, "no route", "EHOSTUNREACH"
        end
        return query:answer { a = "192.0.2.1" }
      end),
    }
    api = control.new {
      resolver = b.resolver,
      about = function()
        return { version = 1, pid = 1, control = 1, policy = {}, uptime = 1 }
      end,
    }
  end)

  local function get(path, query)
    local value
    api:handle({ method = "GET", path = path, query = query or "", body = "" }, function(_, found)
      value = found
    end)
    b.world:settle(function()
      return value ~= nil
    end)
    return value
  end

  --- Rows whose text does not say "only" have to be there, others may.
  local function compare(rows, value)
    for field in pairs(value) do
      assert.is_truthy(rows[field], "the reference does not name " .. field)
    end
    for field, line in pairs(rows) do
      if not line:match("%f[%w]only%f[%W]") then
        assert.is_not_nil(value[field], "no field " .. field)
      end
    end
  end

  local function listed(line)
    local names = {}
    for name in line:match("{ (.-) }"):gmatch("[%w_]+") do
      names[#names + 1] = name
    end
    table.sort(names)
    return names
  end

  it("names the fields of a query", function()
    local rows = first_column("<!-- fields: query -->")
    local found = get("/v1/query", "name=a.example&trace=1")
    compare(rows, found)
    compare(rows, get("/v1/query", "name=down.example"))
    assert.same(listed(rows.addresses), sorted(found.addresses[1]))
    assert.same(listed(rows.records), sorted(found.records[1]))
    assert.same(listed(rows.trace), sorted(found.trace[1]))
  end)

  it("names the values of status and of a try's result", function()
    local line = first_column("<!-- fields: query -->").status
    local result = require("mlxresolve.control.result")
    local asked = { name = "a.", types = { "A" } }
    for _, code in ipairs { "ETIMEOUT", "ENOTFOUND", "EFAILED" } do
      local status = result.describe(asked, nil, "", code).status
      assert.is_truthy(line:find("`" .. status .. "`", 1, true), status)
    end
    local results = {}
    for alias in documents.read("lua/mlxresolve/trace.lua"):gmatch("\n%-%-%-| ([^\n]+)") do
      for word in alias:gmatch('"(%w+)"') do
        results[word] = true
      end
    end
    assert.same(sorted(results), sorted(first_column("<!-- fields: tries -->")))
  end)

  it("names the fields of what is watched and browsed", function()
    local events = require("mlxresolve.control.events")
    local event = { kind = "gone", name = "a.", family = "ipv4", address = "192.0.2.1" }
    event.reason = "goodbye"
    compare(first_column("<!-- fields: events -->"), events.of_name(event, 1))
    local service = { kind = "gone", instance = "w", name = "w.", type = "_w._tcp" }
    service.domain, service.interface = "local.", "eth0"
    service.addresses, service.txt, service.texts = {}, {}, {}
    compare(first_column("<!-- fields: services -->"), events.of_service(service, 1))
  end)

  it("names the fields of status", function()
    get("/v1/query", "name=a.example")
    b.resolver:watch("a.example", function() end)
    b.resolver.health:mark("a.example.", "192.0.2.1", "suspect", "a reason")
    local rows = first_column("<!-- fields: status -->")
    local found = get("/v1/status")
    compare(rows, found)
    assert.same(listed(rows.cache), sorted(found.cache))
    assert.same(listed(rows.queries), sorted(found.queries))
    assert.same(listed(rows.streams), sorted(found.streams))
    assert.same(listed(rows.watches), sorted(found.watches[1]))
    assert.same(listed(rows.health), sorted(found.health[1]))
    assert.same(listed(rows.strategies), sorted(found.strategies[1]))
    local out = netns.check([[
      local core = require("mlxresolve.core")
      local front = core.front.open({ listen = { "127.0.0.1:0" } }, core.cache.new {})
      for name in pairs(front:stats()) do print(name) end
      front:close()]])
    local names = {}
    for name in out:gmatch("[%w_]+") do
      names[name] = true
    end
    assert.same(listed(rows.dns), sorted(names))
  end)

  it("names the exit codes", function()
    local runtime, codes = require("mlxresolve.cli.runtime"), {}
    for _, value in pairs(runtime) do
      if type(value) == "number" then
        codes[tostring(value)] = true
      end
    end
    assert.same(sorted(codes), sorted(first_column("\n### Exit codes\n")))
  end)
end)

describe("the meta files", function()
  --- Functions that a Lua file defines on a local, by name.
  local function defined(path, local_name)
    local found = {}
    local pattern = "function " .. local_name .. "[.:]([%w_]+)%("
    for name in ("\n" .. documents.read(path)):gmatch("\n" .. pattern) do
      found[name] = true
    end
    return found
  end

  local function compare(path, local_name, class)
    assert.same(sorted(class.functions), sorted(defined(path, local_name)), path)
  end

  it("describe the core as it is", function()
    for name, class in pairs(meta.read("core")) do
      local part = name:match("^core%.(%w+)$")
      local real
      if part or name == "core" then
        real = part and core[part] or core
      elseif next(class.functions) then
        local registry = debug.getregistry()
        local metatable = registry["mlxresolve." .. name] or registry["mlxresolve." .. name:lower()]
        -- dns_sd exists on macOS only
        assert.is_truthy(metatable or name == "Dnssd", "no class " .. name)
        real = metatable and metatable.__index
      end
      if real then
        local functions = {}
        for key, value in pairs(real) do
          if type(value) == "function" and not key:match("^__") then
            functions[key] = true
          end
        end
        assert.same(sorted(class.functions), sorted(functions), name)
      end
    end
  end)

  it("describe what plugins see as it is", function()
    local classes = meta.read("plugin")
    compare("lua/mlxresolve/query.lua", "methods", classes.Query)
    local context = defined("lua/mlxresolve/context.lua", "methods")
    for _, part in ipairs { "questions", "machine" } do
      for name in pairs(defined("lua/mlxresolve/context/" .. part .. ".lua", part)) do
        context[name] = true
      end
    end
    assert.same(sorted(classes.Context.functions), sorted(context))
    compare("lua/mlxresolve/plugin_cache.lua", "methods", classes.PluginCache)
    local b, seen = bed.open {
      bed.strategy("s", function(query)
        return query:answer("192.0.2.1")
      end),
    }
    b.resolver.chain.observers = {
      {
        plugin = { answered = true },
        try = function(_, _, query, answer)
          seen = { query = query, answer = answer }
        end,
      },
    }
    b:ask("a.example")
    b.world:advance(0)
    local objects = { Query = seen.query, Answer = seen.answer, Health = b.resolver.health }
    objects.Mdns = b.resolver:mdns()
    for class, object in pairs(objects) do
      for member in pairs(classes[class].fields) do
        assert.is_not_nil(object[member], class .. " has no " .. member)
      end
      for member in pairs(classes[class].functions) do
        assert.equal("function", type(object[member]), class .. "." .. member)
      end
    end
  end)

  it("describe what a retry policy and a reaction are told", function()
    local classes = meta.read("plugin")
    local failure
    local mlx = require("mlxresolve")
    local patient = mlx.use {
      name = "patient",
      retry = function(_, told)
        failure = failure or told
      end,
    }
    local b = bed.open(
      { bed.strategy("down", function()
        return nil, "no route", "EHOSTUNREACH"
      end) },
      { retries = { patient } }
    )
    b:ask("a.example")
    assert.same(sorted(classes.Failure.fields), sorted(failure))
    local change = require("mlxresolve.network").summarize {
      { type = "link_removed", index = 2, interface = "eth0" },
    }
    assert.same(sorted(classes.Change.fields), sorted(change))
  end)

  it("describe both worlds", function()
    local classes = meta.read("world")
    local serving = set_of {
      "listen",
      "http",
      "signals",
      "loop",
      "stop",
      "store",
      "close_store",
      "reports",
      "watch_load",
    }
    local worlds = {
      real = require("mlxresolve.world.real").new(),
      virtual = require("mlxresolve.world.virtual").new(),
    }
    for kind, world in pairs(worlds) do
      for name in pairs(classes.World.functions) do
        if kind == "real" or not serving[name] then
          assert.equal("function", type(world[name]), kind .. " world: " .. name)
        end
      end
    end
    local socket = worlds.virtual:udp({ bind = "0.0.0.0:0" }, function() end)
    for name in pairs(classes.Socket.functions) do
      assert.equal("function", type(socket[name]), "socket: " .. name)
    end
    local stream = defined("lua/mlxresolve/world/real/streams.lua", "stream_methods")
    for name in pairs(classes.Stream.functions) do
      assert.is_true(stream[name], "stream: " .. name)
    end
  end)

  it("describe the library as it is", function()
    local classes = meta.read("mlxresolve")
    local mlx, functions = require("mlxresolve"), {}
    for name, value in pairs(mlx) do
      if type(value) == "function" then
        functions[name] = true
      end
    end
    assert.same(sorted(classes.mlx.functions), sorted(functions))
    local b = bed.open {
      bed.strategy("s", function(query)
        return query:answer("192.0.2.1")
      end),
    }
    for name in pairs(classes.Resolver.functions) do
      assert.equal("function", type(b.resolver[name]), name)
    end
    local result = b:ask("a.example", "A", { trace = true })
    -- these two are made when they are read
    assert.same(sorted(classes.ResultAddress.fields), sorted(result.addresses[1]))
    assert.same(sorted(classes.ResultRecord.fields), sorted(result.records[1]))
    assert.same(sorted(classes.Result.fields), sorted(result))
    local request = b.resolver:resolve("b.example", function() end)
    assert.equal("function", type(request.cancel))
    b.world:advance(100)
    local schema = require("mlxresolve.policy.schema")
    assert.same(sorted(schema.policy), sorted(classes.PolicyFields.fields))
    assert.same(sorted(schema.common), sorted(classes.CommonOptions.fields))
    for class, fields in pairs { Cache = "cache", Front = "front", Network = "network" } do
      assert.same(sorted(schema[fields]), sorted(classes[class .. "Fields"].fields))
    end
  end)
end)
