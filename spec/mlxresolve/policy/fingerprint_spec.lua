local policies = require("support.policies")

local function hash(text, files)
  local checked, mistakes =
    policies.load("return mlx.policy { strategies = {" .. text .. "} }", files)
  assert(checked, tostring(mistakes))
  return checked.strategies[1].hash
end

describe("mlxresolve.policy.fingerprint", function()
  it("is 32 bits wide and never 0", function()
    local value = hash('use("finder")')
    assert.is_true(value >= 1 and value < 2 ^ 32 and value % 1 == 0)
  end)

  it("is the same for the same use, wherever it stands", function()
    assert.equal(hash('use("finder", { count = 3 })'), hash('\n\nuse("finder")'))
    assert.equal(
      hash('use("finder", { zones = { "local" }, count = 5 })'),
      hash('use("finder", { count = 5, zones = { "LOCAL." } }), use("finder")')
    )
  end)

  it("differs when something that was said differs", function()
    local seen = {}
    for _, text in ipairs {
      'use("finder")',
      'use("finder", { count = 4 })',
      'use("finder", { zones = { "local" } })',
      'use("finder", { except = { "local" } })',
      'use("finder", { types = { "A" } })',
      'use("finder", { cache = false })',
      'use("finder", { denials = "pass" })',
      'use("finder", { verify = { use("prober") } })',
      'use("finder", { servers = { "192.0.2.1" } })',
      'use("finder", { servers = { "192.0.2.1", "192.0.2.2" } })',
      'mlx.race { use("finder") }',
      'mlx.race { use("finder"), use("finder") }',
      'mlx.race { after = 1, use("finder") }',
    } do
      local value = hash(text)
      assert.is_nil(seen[value], text)
      seen[value] = true
    end
  end)

  it("differs when the plugin's text differs", function()
    local one = { ["/plugins/p.lua"] = "return { resolve = function() return 1 end }" }
    local two = { ["/plugins/p.lua"] = "return { resolve = function() return 2 end }" }
    assert.not_equal(hash('use("p")', one), hash('use("p")', two))
  end)

  it("differs for an inline plugin when the policy's text differs", function()
    local text = 'use { name = "a", resolve = function() return %d end }'
    assert.equal(hash(text:format(1)), hash(text:format(1)))
    assert.not_equal(hash(text:format(1)), hash(text:format(2)))
  end)
end)
