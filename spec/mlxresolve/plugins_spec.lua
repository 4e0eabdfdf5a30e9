local plugins = require("mlxresolve.plugins")
local virtual = require("mlxresolve.world.virtual")

local strategy = "return { resolve = function() end }"

local function loader(files, folders)
  local world = virtual.new()
  world.files = files
  return plugins.new(world, folders or { "/a", "/b" }), world
end

local function why(text, name)
  local found, message = loader({ ["/a/p.lua"] = text }):load(name or "p")
  assert.is_nil(found)
  return message
end

describe("mlxresolve.plugins", function()
  it("loads a plugin from the first folder that has it", function()
    local found = assert(loader({ ["/b/p.lua"] = strategy }):load("p"))
    assert.equal("/b/p.lua", found.path)
    assert.equal("function", type(found.plugin.resolve))
  end)

  it("loads each file once", function()
    local one = loader { ["/a/p.lua"] = strategy }
    assert.equal(one:load("p").plugin, one:load("p").plugin)
    assert.same({ "/a/p.lua" }, one.files)
  end)

  it("searches built in, then the user's folder, then beside the policy", function()
    local world = virtual.new()
    world.environment.HOME = "/home/ada"
    local list = plugins.folders(world, "/etc/mlx/policy.lua")
    assert.matches("plugins$", list[1])
    assert.equal("/home/ada/.local/share/mlxresolve/plugins", list[2])
    assert.equal("/etc/mlx/plugins", list[3])
    world.environment.XDG_DATA_HOME = "/data"
    assert.equal("/data/mlxresolve/plugins", plugins.folders(world, "policy.lua")[2])
    assert.equal("plugins", plugins.folders(world, "policy.lua", { "/x" })[2])
    assert.same({ "/etc/plugins" }, plugins.folders(world, "/etc/p.lua", { "/etc/plugins" }))
    world.environment.XDG_DATA_HOME = "relative"
    assert.equal("/home/ada/.local/share/mlxresolve/plugins", plugins.folders(world, nil)[2])
  end)

  it("refuses a name that is in two places", function()
    local found, message =
      loader({ ["/a/p.lua"] = strategy, ["/b/p.lua"] = strategy .. " " }):load("p")
    assert.is_nil(found)
    assert.equal("plugin 'p' is in two places: /a/p.lua and /b/p.lua", message)
  end)

  it("takes one file that is seen through two paths", function()
    assert.is_truthy(loader({ ["/a/p.lua"] = strategy, ["/b/p.lua"] = strategy }):load("p"))
  end)

  it("suggests the nearest plugin, or says where it searched", function()
    local one = loader { ["/a/mdns.lua"] = strategy, ["/a/notes.txt"] = "" }
    local _, message = one:load("mdsn")
    assert.equal("no plugin named 'mdsn' (did you mean 'mdns'?)", message)
    _, message = one:load("zebra")
    assert.equal("no plugin named 'zebra'; searched in /a, /b", message)
    assert.same({ "mdns" }, one:names())
  end)

  it("refuses names that lead elsewhere", function()
    for _, name in ipairs { "../p", "a/b", "", "p.lua", "/etc/passwd", "a b" } do
      assert.matches("cannot be the name of a plugin", why(strategy, name))
    end
  end)

  it("loads text only, of sensible length", function()
    assert.matches("^/a/p.lua: this is bytecode", why(string.dump(function() end)))
    assert.matches("longer than", why("--" .. ("x"):rep(300000) .. "\n" .. strategy))
    assert.matches("^/a/p.lua:1: unexpected symbol", why("return {"))
  end)

  it("runs plugins in the sandbox", function()
    assert.matches("^/a/p.lua:1: undefined variable 'io'", why("io.write('x') " .. strategy))
    assert.matches("undefined variable 'os'", why("return { resolve = function() os.exit() end }"))
    assert.matches("assignment to global 'x'", why("x = 1 " .. strategy))
    assert.matches('require "mlxresolve"', why('require("luv") ' .. strategy))
  end)

  it("refuses what is no plugin", function()
    assert.matches("must return its table, got nil", why("local x"))
    assert.matches("defines none of resolve, retry", why("return {}"))
    assert.matches("did you mean 'resolve'", why("return { reslove = function() end }"))
    assert.matches("^/a/p.lua:1: no", why("error('no')"))
    assert.matches(
      "unknown option type 'duratoin'",
      why("return { options = { a = 'duratoin' }, resolve = function() end }")
    )
  end)

  it("reads a plugin's own zones as those of a policy, and says what is wrong with them", function()
    local text = "return { resolve = function() end, zones = { 'Local', 'a.test.' } }"
    local found = loader { ["/a/p.lua"] = text }
    assert.same({ "local.", "a.test." }, assert(found:load("p")).plugin.zones)
    for _, zones in ipairs { "zones = 'local'", "except = { 5 }", "zones = { 'a..b' }" } do
      local field = zones:match("^%a+")
      local message = why(("return { resolve = function() end, %s }"):format(zones))
      assert.matches("^/a/p.lua: the plugin has a mistake: .*" .. field .. "'", message)
    end
  end)

  it("keeps the option that every plugin has", function()
    assert.matches(
      "has an option 'name'",
      why("return { options = { name = 'string' }, resolve = function() end }")
    )
  end)

  it("refuses a plugin that is written for another API", function()
    assert.matches(
      "is written for plugin API 2.0; this is 1.0",
      why("return { api = '2.0', resolve = function() end }")
    )
    local found = loader { ["/a/p.lua"] = "return { api = '1.0', resolve = function() end }" }
    assert.is_truthy(found:load("p"))
  end)

  it("stops a plugin that does not come to an end when it is loaded", function()
    assert.matches("does not come to an end", why("while true do end"))
  end)

  it("remembers a failure", function()
    local one = loader { ["/a/p.lua"] = "return {}" }
    local _, first = one:load("p")
    local _, second = one:load("p")
    assert.equal(first, second)
  end)

  it("tells the kinds of a plugin by its functions", function()
    local kinds = plugins.kinds_of { resolve = print, probe = print, other = print }
    assert.equal("resolve", kinds[1].method)
    assert.equal("probe", kinds[2].method)
    assert.is_nil(kinds[3])
  end)
end)
