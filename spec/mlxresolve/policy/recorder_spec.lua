local policies = require("support.policies")

local good = 'return mlx.policy { strategies = { use("finder") } }'

describe("mlxresolve.policy.recorder", function()
  it("places a syntax error", function()
    assert.same(
      { "3:8 unexpected symbol near '}'" },
      policies.mistakes("local t = {\n  a =  }\n" .. good)
    )
    assert.same({ "3:3 unfinished string near '<eof>'" }, policies.mistakes('local t =\n  "abc'))
  end)

  it("places undefined variables, in functions that have not run, too", function()
    assert.same(
      {
        "3:23 undefined variable 'tmeout' (did you mean 'timeout'?)",
        "6:10 undefined variable 'io' (files, clock and programs reach plugins through ctx only)",
      },
      policies.mistakes([[
local timeout = 1
local x = timeout and tmeout
local function f()
  local file = x
  return io.open(file)
end
]] .. good)
    )
  end)

  it("places assignments to globals", function()
    assert.same(
      { "2:1 assignment to global 'x': write local x = …" },
      policies.mistakes("x = 1\nlocal y = x\n" .. good)
    )
  end)

  it("tells how to begin when mlx is not defined", function()
    local world = policies.world { ["/p.lua"] = "return mlx.policy { strategies = {} }" }
    local _, mistakes = require("mlxresolve.policy").load("/p.lua", { world = world })
    assert.equal(
      "undefined variable 'mlx' (begin with: local mlx = require \"mlxresolve\")",
      mistakes[1].text
    )
    assert.equal(1, #mistakes)
  end)

  it("places unknown fields of mlxresolve", function()
    assert.same(
      { "2:15 mlxresolve has no 'rase' (did you mean 'race'?)" },
      policies.mistakes("local r = mlx.rase { after = 1 } " .. good)
    )
  end)

  it("places an error while the policy runs", function()
    assert.same(
      { "3:3 attempt to perform arithmetic on local 'x' (a nil value)" },
      policies.mistakes("local x\n  return x + 1")
    )
    assert.same(
      { "3:1 attempt to call 'f.g', which is nil" },
      policies.mistakes("local f = {}\nf.g(1)\n" .. good)
    )
    assert.same({ "2:1 no luck" }, policies.mistakes('error("no luck")'))
  end)

  it("checks what was said before an error as well", function()
    assert.same({
      "2:5 no plugin named 'findr' (did you mean 'finder'?)",
      "3:1 stop",
    }, policies.mistakes('use("findr")\nerror("stop")'))
  end)

  it("does not blame what follows from an undefined variable", function()
    assert.same(
      { "2:11 undefined variable 'settings'" },
      policies.mistakes("local n = settings.count + 1\nlocal t = { [n.x] = 1 } error('x' .. nil)")
    )
  end)

  it("stops a policy that does not come to an end", function()
    local list = policies.mistakes("while true do end")
    assert.equal(1, #list)
    assert.matches("does not come to an end", list[1])
  end)

  it("stops one that catches its own end", function()
    for _, text in ipairs {
      "while true do pcall(function() while true do end end) end",
      "while true do xpcall(function() while true do end end, function() end) end",
      "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
      'mlx.include("loop.lua")',
    } do
      local list = policies.mistakes(text, { ["/etc/loop.lua"] = "while true do end" })
      assert.matches("does not come to an end", list[1])
    end
  end)

  it("runs a policy that is nested too deep to be marked", function()
    local depth = 120
    local deep = ("{"):rep(depth) .. ("}"):rep(depth)
    assert.same({}, policies.mistakes("local deep = " .. deep .. "\n" .. good))
  end)

  it("survives a stack that overflows", function()
    local list = policies.mistakes("local function f() return f() + 1 end f()")
    assert.equal(1, #list)
    assert.matches("stack overflow", list[1])
  end)

  it("points at the variable, not at a field or key of the same name", function()
    assert.same({
      "2:21 undefined variable 'count'",
      "3:26 mlxresolve has no 'rase' (did you mean 'race'?)",
    }, policies.mistakes("local t = { count = count }\nlocal rase = use and mlx.rase " .. good))
  end)

  it("places modules that are not for policies, and goes on", function()
    assert.same({
      "2:19 module 'socket' is not for policies: require \"mlxresolve\"",
      "3:5 no plugin named 'findr' (did you mean 'finder'?)",
    }, policies.mistakes('local s = require("socket").tcp()\nuse("findr")\n' .. good))
  end)

  it("says nothing more when the policy has been loaded", function()
    local checked = assert(policies.load([[return mlx.policy { strategies = { use {
      name = "late",
      resolve = function(_, what)
        if what == "use" then return use("finder") end
        if what == "include" then return mlx.include("x.lua") end
        if what == "module" then return require("socket") end
        return load("return nothing")()
      end } } }]]))
    local late = checked.strategies[1].plugin
    for what, problem in pairs {
      use = "mlx.use works only while the policy is loaded",
      include = "mlx.include works only while the policy is loaded",
      module = "is not for policies",
      global = "undefined variable 'nothing'",
    } do
      local ok, message = pcall(late.resolve, late, what)
      assert.is_false(ok, what)
      assert.matches(problem, message, 1, true)
    end
  end)

  it("gives a policy its surroundings through the world only", function()
    local world = policies.world {
      ["/p.lua"] = [[
        local mlx = require("mlxresolve")
        print("here", mlx.hostname(), mlx.env("ROOM"), mlx.env("NONE", "fallback"))
        return mlx.policy { strategies = { mlx.use("finder") } }]],
    }
    world.environment.ROOM = "12"
    assert(require("mlxresolve.policy").load("/p.lua", {
      world = world,
      plugin_dirs = { "/plugins" },
    }))
    assert.same({ "info: /p.lua: here\there\t12\tfallback" }, world.lines)
  end)

  it("includes other files, seen from the including one", function()
    local checked = assert(policies.load(
      [[
      return mlx.policy { strategies = mlx.include("parts/list.lua") }]],
      {
        ["/etc/parts/list.lua"] = [[
        local mlx = require("mlxresolve")
        return { mlx.use("finder", mlx.include("options.lua")) }]],
        ["/etc/parts/options.lua"] = "return { count = 7 }",
      }
    ))
    assert.equal(7, checked.strategies[1].options.count)
    assert.equal("/etc/parts/list.lua", checked.strategies[1].file)
    assert.same({
      "/etc/p.lua",
      "/etc/parts/list.lua",
      "/etc/parts/options.lua",
      "/plugins/finder.lua",
    }, checked.files)
  end)

  it("reports mistakes of included files at their own places", function()
    local _, mistakes = policies.load(
      [[
      return mlx.policy { strategies = { mlx.include("a.lua"), use("findr") } }]],
      {
        ["/etc/a.lua"] = "\nreturn undefnd",
      }
    )
    assert.equal(2, #mistakes)
    assert.equal("/etc/a.lua", mistakes[1].file)
    assert.same({ 2, 8 }, { mistakes[1].line, mistakes[1].column })
    assert.equal("/etc/p.lua", mistakes[2].file)
  end)

  it("refuses to include what is missing or includes itself", function()
    assert.same(
      { "2:31 cannot read '/etc/x.lua': no such file" },
      policies.mistakes('local x = mlx and mlx.include("x.lua")\n' .. good)
    )
    local _, mistakes = policies.load('mlx.include("a.lua")\n' .. good, {
      ["/etc/a.lua"] = 'require("mlxresolve").include("p.lua")',
    })
    assert.matches("included twice, or includes itself", mistakes[1].text)
    assert.equal("/etc/a.lua", mistakes[1].file)
  end)

  it("leaves hooks of the host as they were", function()
    local function hook() end
    debug.sethook(hook, "", 1000000)
    policies.mistakes(good)
    local now = debug.gethook()
    debug.sethook()
    assert.equal(hook, now)
  end)
end)
