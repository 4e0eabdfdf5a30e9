local policies = require("support.policies")

local function strategies(text)
  local checked, mistakes = policies.load("return mlx.policy { strategies = {" .. text .. "} }")
  assert(checked, tostring(mistakes))
  return checked.strategies
end

describe("mlxresolve.policy.check", function()
  it("makes a node of a use", function()
    local node = strategies([[use("finder", {
      count = 5, zones = { "Local" }, except = { "a.local" }, types = { "a", "AAAA" },
      timeout = "800ms", denials = "pass", purpose = "inference", cache = { max_ttl = "10s" },
    })]])[1]
    assert.equal("use", node.kind)
    assert.equal("finder", node.name)
    assert.equal("finder", node.plugin_name)
    assert.equal("function", type(node.plugin.resolve))
    assert.same({ count = 5 }, node.options)
    assert.same({ "local." }, node.zones)
    assert.same({ "a.local." }, node.except)
    assert.same({ A = true, AAAA = true }, node.types)
    assert.equal(800, node.timeout)
    assert.equal("pass", node.denials)
    assert.equal("inference", node.purpose)
    assert.same({ max_ttl = 10 }, node.cache)
    assert.is_false(node.retry)
    assert.equal("/etc/p.lua", node.file)
    assert.equal(2, node.line)
  end)

  it("gives every field of a node a value", function()
    local node = strategies('use("finder")')[1]
    for _, name in ipairs { "zones", "except", "types", "timeout", "retry", "purpose" } do
      assert.is_false(node[name], name)
    end
    assert.is_true(node.cache)
    assert.equal("end", node.denials)
  end)

  it("makes a race with its members", function()
    local race = strategies([[mlx.race { after = "50ms", zones = { "local" },
      use("finder"), use("finder", { count = 2 }) }]])[1]
    assert.equal("race", race.kind)
    assert.equal("race", race.name)
    assert.equal(50, race.after)
    assert.same({ "local." }, race.zones)
    assert.equal("end", race.denials)
    assert.equal(2, #race.members)
    assert.equal(2, race.members[2].options.count)
  end)

  it("makes nodes of plugins inside options", function()
    local node = strategies([[use("finder", {
      verify = { use("prober") }, retry = use("patient", { attempts = 2 }) })]])[1]
    assert.equal("prober", node.options.verify[1].name)
    assert.equal("use", node.options.verify[1].kind)
    assert.same({ attempts = 2 }, node.retry.options)
  end)

  it("makes names unique, and leaves given names alone", function()
    local list = strategies([[use("finder"), use("finder"), use("finder", { name = "finder#2" }),
      mlx.race { use("finder") }, mlx.race { use("finder", { name = "finder" }) }]])
    assert.equal("finder#3", list[1].name)
    assert.equal("finder#4", list[2].name)
    assert.equal("finder#2", list[3].name)
    assert.equal("race", list[4].name)
    assert.equal("race#2", list[5].name)
    assert.equal("finder", list[5].members[1].name)
  end)

  it("refuses a name that is given twice", function()
    assert.same(
      { "4:24 the name 'x' is taken by another plugin of this policy" },
      policies.strategy('use("finder", { name = "x" }),\nuse("finder", { name = "x" }),')
    )
  end)

  it("makes an instance of its own for each place of one use", function()
    local list = strategies('(function() return unpack { use("finder") } end)()')
    assert.equal(1, #list)
    local checked = policies.load([[
      local one = use("finder")
      return mlx.policy { strategies = { one, one } }]])
    assert.not_equal(checked.strategies[1], checked.strategies[2])
    assert.equal("finder#2", checked.strategies[2].name)
  end)

  it("leaves out what a condition switched off", function()
    assert.equal(1, #strategies('mlx.env("SCAN") and use("finder") or false, use("finder")'))
    assert.equal(2, #strategies('use("finder"), nil, use("finder")'))
  end)

  it("refuses what cannot stand where it stands", function()
    assert.same({
      "3:1 'sorter' is a ranker and cannot stand here: expected a strategy"
        .. " (a plugin with 'resolve'); it belongs in 'rankers'",
      "4:1 'prober' is an identity check and cannot stand here: expected a strategy"
        .. " (a plugin with 'resolve')",
    }, policies.strategy('use("sorter"),\nuse("prober")'))
    assert.same(
      {
        "3:13 'finder' is a strategy and cannot stand here: expected a ranker"
          .. " (a plugin with 'rank'); it belongs in 'strategies'",
        "4:13 'race' is a strategy and cannot stand here: expected a retry policy"
          .. " (a plugin with 'retry'); it belongs in 'strategies'",
      },
      policies.mistakes([[return mlx.policy { strategies = { use("finder") },
rankers = { use("finder") },
retries = { mlx.race { use("finder") } } }]])
    )
  end)

  it("refuses a plugin of the wrong kind inside options", function()
    local list =
      policies.strategy('use("finder", { retry = use("sorter"), verify = {\nuse("patient") } })')
    assert.matches("^3:25 'sorter' is a ranker", list[1])
    assert.matches("^4:1 'patient' is a retry policy", list[2])
  end)

  it("refuses a plugin without a probe where a health check is wanted", function()
    local strategy = [[use {
      name = "asker", options = { check = { "plugin", kind = "probe" } }, resolve = function() end,
      check = use("finder") }]]
    local list = policies.strategy(strategy)
    assert.matches("'finder' is a strategy and cannot stand here", list[1], 1, true)
    assert.matches("expected a health check (a plugin with 'probe')", list[1], 1, true)
  end)

  it("takes a service among observers", function()
    local checked = assert(policies.load([[return mlx.policy {
      strategies = { use("finder") }, observers = { use("teller") } }]]))
    assert.equal("teller", checked.observers[1].name)
  end)

  it("says how a plugin is written when it got something else", function()
    assert.same({
      "3:1 expected a strategy such as use(\"mdns\"), got 'mdns'",
      '4:1 expected a strategy such as use("mdns"), got a function',
      '5:1 expected a strategy such as use("mdns"), got mlx.policy { … }',
    }, policies.strategy('"mdns",\nfunction() end,\nmlx.policy {},'))
  end)

  it("finds mistakes in races", function()
    local list = policies.strategy([[
mlx.race { aftr = 1, use("finder"), use("sorter") },
mlx.race {},
mlx.race("x"),]])
    assert.matches("^3:12 race: unknown option 'aftr' %(did you mean 'after'%?%)", list[1])
    assert.matches("^3:37 'sorter' is a ranker", list[2])
    assert.same("4:1 a race has members: write mlx.race { use(…), use(…) }", list[3])
    assert.same("5:1 mlx.race needs a table { use(…), use(…) }", list[4])
  end)

  it("takes no options of a race that only its members heed, which were ignored", function()
    local list = policies.strategy([[
mlx.race { denials = "pass", use("finder") },
mlx.race { use("finder"), cache = false, retry = use("finder") },]])
    assert.same({
      "3:12 race: 'denials' belongs to its members: use(…, { denials = … })",
      "4:27 race: 'cache' belongs to its members: use(…, { cache = … })",
      "4:42 race: 'retry' belongs to its members: use(…, { retry = … })",
    }, list)
  end)

  it("finds mistakes in a use that stands nowhere", function()
    assert.same(
      { "2:15 no plugin named 'findr' (did you mean 'finder'?)" },
      policies.mistakes(
        'local x = use("findr") return mlx.policy { strategies = { use("finder") } }'
      )
    )
  end)

  it("refuses an address that stands twice in listen", function()
    assert.same(
      { "3:1 'listen' names 127.0.0.1:53 twice" },
      policies.mistakes(
        'return mlx.policy { listen = { "127.0.0.1:53",\n"127.0.0.1:53" },'
          .. ' strategies = { use("finder") } }'
      )
    )
  end)

  it("wants strategies", function()
    assert.same(
      { "2:19 policy: 'strategies' is missing: a list such as { use(\"…\") }" },
      policies.mistakes("return mlx.policy {}")
    )
    assert.matches(
      "'strategies' must not be empty",
      policies.mistakes("return mlx.policy { strategies = {} }")[1]
    )
    assert.matches(
      "'strategies' must be a list",
      policies.mistakes('return mlx.policy { strategies = use("finder") }')[1]
    )
  end)

  it("knows the place of a mistake in a loop, in a helper and in a variable", function()
    assert.same(
      {
        "3:51 finder: 'count' must be at least 1",
        "4:40 finder: unknown option 'cuont' (did you mean 'count'?)",
        "5:56 finder: 'timeout' must be a duration such as '800ms', '2s' or '5m', got 'soon'",
      },
      policies.mistakes([[
local list = {}
for i = 0, 0 do list[1] = use("finder", { count = i }) end
local options = { zones = { "local" }, cuont = 1 }
local function find() return use("finder", { timeout = "soon" }) end
list[2], list[3] = use("finder", options), find()
return mlx.policy { strategies = list }]])
    )
  end)
end)
