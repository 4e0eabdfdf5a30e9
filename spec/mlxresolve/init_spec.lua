local mlx = require("mlxresolve")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve", function()
  it("opens a resolver that serves nothing by default", function()
    local world = virtual.new()
    world.listen = function()
      error("nobody asked for a listener")
    end
    local r = assert(mlx.open(
      mlx.policy {
        listen = { "127.0.0.1:53" },
        strategies = { mlx.use { name = "none", resolve = function() end } },
      },
      { world = world }
    ))
    assert.is_false(r.front)
  end)

  it("hands the policy's wishes for the listener on", function()
    local world = virtual.new()
    local wanted
    world.listen = function(_, options)
      wanted = options
      return nil, "enough seen", "ECANCELED"
    end
    mlx.open(
      mlx.policy {
        listen = { "127.0.0.1:53" },
        front = { threads = "auto", tcp_idle = "3s" },
        strategies = { mlx.use { name = "none", resolve = function() end } },
      },
      { world = world, serve = true }
    )
    world:settle()
    assert.equal("auto", wanted.threads)
    assert.equal(3000, wanted.tcp_idle)
    assert.equal(1232, wanted.udp_size)
    assert.same({ "127.0.0.1:53" }, wanted.listen)
  end)

  it("raises for options that it would have ignored, at the caller's line", function()
    local none = mlx.policy { strategies = { mlx.use { name = "none", resolve = function() end } } }
    for text, options in pairs {
      ["unknown option 'server' %(did you mean 'serve'%?%)"] = { server = true },
      ["'listen' is for resolvers that serve"] = { listen = { "127.0.0.1:53" } },
    } do
      local ok, message = pcall(function()
        mlx.open(none, options)
      end)
      assert.is_false(ok)
      assert.matches("init_spec.lua:%d+: mlx.open: " .. text, message)
    end
  end)

  it("tells all mistakes of a policy as one report", function()
    local r, report, code = mlx.open(mlx.policy { strategies = { 42 }, deadlin = "1s" }, {
      world = virtual.new(),
    })
    assert.is_nil(r)
    assert.equal("EPOLICY", code)
    assert.matches("deadlin", report)
    assert.matches("2 errors", report)
  end)

  it("closes again when its listener cannot be had", function()
    local world = virtual.new()
    local closed = false
    world.listen = function()
      return nil, "127.0.0.1:53: address already in use", "EADDRINUSE"
    end
    world.close = function()
      closed = true
    end
    local r, message, code = mlx.open(
      mlx.policy { strategies = { mlx.use { name = "none", resolve = function() end } } },
      { world = world, serve = true }
    )
    world:settle()
    assert.is_nil(r)
    assert.equal("EADDRINUSE", code)
    assert.matches("127.0.0.1:53", message)
    assert.is_true(closed)
  end)

  it("is what a program needs to build a policy", function()
    for _, name in ipairs { "use", "policy", "race", "env", "hostname" } do
      assert.equal("function", type(mlx[name]), name)
    end
    assert.equal("1.0", mlx.api)
    assert.matches("^%d+%.%d+%.%d+", mlx.version)
  end)

  it("knows the environment and the machine's name", function()
    assert.equal(os.getenv("PATH"), mlx.env("PATH"))
    assert.equal("x", mlx.env("MLXRESOLVE_IS_NOT_SET", "x"))
    assert.is_string(mlx.hostname())
  end)

  it("includes files inside of policies only", function()
    assert.has_error(function()
      mlx.include("x.lua")
    end)
  end)
end)
