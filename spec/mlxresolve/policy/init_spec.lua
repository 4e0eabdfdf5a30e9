local mlxresolve = require("mlxresolve")
local policies = require("support.policies")
local policy = require("mlxresolve.policy")

describe("mlxresolve.policy", function()
  it("returns what the chain works with", function()
    local checked = assert(policies.load([[
      return mlx.policy {
        listen = { "127.0.0.1:5453", "[::1]:5453" },
        deadline = "2s",
        cache = { max_ttl = "1d" },
        strategies = { use("finder", { servers = { "192.0.2.1" }, zones = { "Local" } }) },
        retries = { use("patient", { attempts = 2 }) },
        peers = { "mini1.local:50051" },
      }]]))
    assert.equal("/etc/p.lua", checked.file)
    assert.same({ "127.0.0.1:5453", "[::1]:5453" }, checked.listen)
    assert.equal("auto", checked.control)
    assert.is_false(checked.http)
    assert.equal(2000, checked.deadline)
    assert.same({
      size = 33554432,
      min_ttl = 1,
      max_ttl = 86400,
      max_negative_ttl = 300,
      stale = 0,
      stale_mode = "verify",
      stale_timer = 1800,
      persist = false,
    }, checked.cache)
    assert.equal("finder", checked.strategies[1].name)
    assert.same({ "local." }, checked.strategies[1].zones)
    assert.same({ attempts = 2 }, checked.retries[1].options)
    assert.same({ { name = "mini1.local.", port = 50051 } }, checked.peers)
    assert.same({}, checked.rankers)
    assert.same({ "/etc/p.lua", "/plugins/finder.lua", "/plugins/patient.lua" }, checked.files)
  end)

  it("reports eight different mistakes at their places", function()
    assert.same(
      {
        "3:14 policy: each of 'listen' must be an IP address with a port such as '127.0.0.1:5453'"
          .. " or '[::1]:5453', got '127.0.0.1'",
        "4:14 policy: 'deadline' must be a duration such as '800ms', '2s' or '5m', got '2 sec'",
        "5:20 policy: 'size' must be a size such as '512KiB', '32MiB' or '1GB', got '32 Mb'",
        "7:9 no plugin named 'findr' (did you mean 'finder'?)",
        "8:21 finder: unknown option 'tiemout' (did you mean 'timeout'?)",
        "9:29 finder: 'zones' must be a list such as { 'local' }, got 'local'",
        "10:31 undefined variable 'servres' (did you mean 'servers'?)",
        "11:5 'patient' is a retry policy and cannot stand here: expected a strategy"
          .. " (a plugin with 'resolve'); it belongs in 'retries'",
      },
      policies.mistakes([[
local servers = {} return mlx.policy {
  listen = { "127.0.0.1" },
  deadline = "2 sec",
  cache = { size = "32 Mb" },
  strategies = {
    use("findr"),
    use("finder", { tiemout = "1s" }),
    use("finder", { zones = "local" }),
    use("finder", { servers = servres }),
    use("patient"),
  },
}]])
    )
  end)

  it("checks a policy that a program has built", function()
    local world = policies.world {}
    local built = mlxresolve.policy {
      strategies = { mlxresolve.use("finder", { count = 5 }) },
    }
    local checked = assert(policy.load(built, { world = world, plugin_dirs = { "/plugins" } }))
    assert.is_false(checked.file)
    assert.equal(5, checked.strategies[1].options.count)
    checked = assert(policy.load({ strategies = { mlxresolve.use("finder") } }, {
      world = world,
      plugin_dirs = { "/plugins" },
    }))
    assert.equal("finder", checked.strategies[1].name)
  end)

  it("names the program's file and line for a policy that it has built", function()
    local built = { strategies = { mlxresolve.use("findr") } }
    local _, mistakes =
      policy.load(built, { world = policies.world {}, plugin_dirs = { "/plugins" } })
    assert.matches("init_spec.lua$", mistakes[1].file)
    assert.is_number(mistakes[1].line)
    assert.matches("did you mean 'finder'", mistakes[1].text)
  end)

  it("says that a file cannot be read", function()
    local _, mistakes = policy.load("/none.lua", { world = policies.world {} })
    assert.matches("^/none.lua: error: cannot read the policy: no such file", tostring(mistakes))
  end)

  it("refuses a file that returns something else", function()
    assert.same(
      { "3:1 the policy must end with: return mlx.policy { … }" },
      policies.mistakes("local x = 1\nreturn { strategies = {} }")
    )
    assert.same(
      { "2:1 the policy must end with: return mlx.policy { … }" },
      policies.mistakes("")
    )
  end)

  it("refuses bytecode", function()
    local world = policies.world { ["/p.lua"] = string.dump(function() end) }
    local _, mistakes = policy.load("/p.lua", { world = world })
    assert.matches("bytecode", mistakes[1].text)
  end)

  it("lists mistakes for check, none for a good policy", function()
    local world = policies.world {
      ["/p.lua"] = 'local m = require("mlxresolve")'
        .. ' return m.policy { strategies = { m.use("finder") } }',
    }
    assert.same({}, policy.check("/p.lua", { world = world, plugin_dirs = { "/plugins" } }))
  end)
end)
