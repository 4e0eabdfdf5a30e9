local policies = require("support.policies")

local function strategies(text, files)
  local checked, mistakes =
    policies.load("return mlx.policy { strategies = {" .. text .. "} }", files)
  assert(checked, tostring(mistakes))
  return checked.strategies
end

describe("mlxresolve.policy.uses", function()
  it("makes a node of an inline plugin", function()
    local node = strategies([[use {
      name = "mine", zones = { "local" }, timeout = "1s", table = { 1 },
      options = { ttl = { "ttl", default = "1m" } }, ttl = "2m",
      resolve = function(self) return self.table[1] end,
    }]])[1]
    assert.equal("mine", node.name)
    assert.equal("mine", node.plugin_name)
    assert.equal(1, node.plugin:resolve())
    assert.same({ "local." }, node.zones)
    assert.equal(1000, node.timeout)
    assert.same({ ttl = 120 }, node.options)
  end)

  it("finds mistakes of inline plugins", function()
    assert.same(
      {
        '3:5 an inline plugin needs a name: use { name = "…", … }',
        "4:1 the inline plugin defines none of resolve, retry, rank, network_changed, answered,"
          .. " probe, identify, open (did you mean 'resolve'?)",
        "5:19 unknown option 'tiemout' (did you mean 'timeout'?)",
        "6:26 c: 'zones' must be a list such as { 'local' }, got 'x'",
      },
      policies.strategy([[
use { resolve = function() end },
use { name = "a", reslove = function() end },
use { name = "b", tiemout = 1, resolve = function() end },
use { name = "c", zones ="x", resolve = function() end },]])
    )
  end)

  it("refuses an inline plugin with a metatable", function()
    assert.matches(
      "must be a plain table",
      policies.strategy("use(setmetatable({ name = 'a' }, { __index = { resolve = print } }))")[1]
    )
  end)

  it("leaves an inline plugin's own fields alone", function()
    local node = strategies([[use { name = "a", host = "x", ports = 1, resolve = print }]])[1]
    assert.equal("x", node.plugin.host)
  end)

  it("tells a method from an option of the same name", function()
    local checked = assert(policies.load([[return mlx.policy {
      strategies = { use { name = "a", retry = use("patient"), resolve = function() end } },
      retries = { use { name = "b", retry = function() return 5 end } } }]]))
    assert.equal("patient", checked.strategies[1].retry.plugin_name)
    assert.equal(5, checked.retries[1].plugin:retry())
  end)

  it("lets a plugin refine a common option", function()
    local files = {
      ["/plugins/slow.lua"] = [[return {
        options = { timeout = { "duration", default = "3s" } }, resolve = function() end }]],
    }
    local node = strategies('use("slow"), use("slow", { timeout = "1s" })', files)
    assert.equal(3000, node[1].timeout)
    assert.equal(1000, node[2].timeout)
    assert.same({ timeout = 1000 }, node[2].options)
  end)

  it("offers the common options to strategies only", function()
    assert.same(
      { "3:17 sorter: unknown option 'zones'" },
      policies.mistakes([[return mlx.policy { strategies = { use("finder") }, rankers = {
use("sorter", { zones = { "local" }, name = "s" }) } }]])
    )
  end)

  it("refuses what is neither a name nor a plugin", function()
    assert.same({
      "3:5 use needs the name of a plugin or an inline plugin, got 5",
      "4:1 use needs the name of a plugin or an inline plugin, got nil",
      "5:15 finder: options must be a table { name = value }, got 'x'",
      "6:5 '../x' cannot be the name of a plugin",
    }, policies.strategy('use(5),\nuse(),\nuse("finder", "x"),\nuse("../x"),'))
  end)

  it("points at the use of a plugin that is broken itself", function()
    local files = { ["/plugins/broken.lua"] = "return { resolve = }" }
    local list = policies.mistakes('return mlx.policy { strategies = { use("broken") } }', files)
    assert.equal(1, #list)
    assert.matches("^2:40 /plugins/broken.lua:1: unexpected symbol", list[1])
  end)
end)
