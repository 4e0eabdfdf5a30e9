local option_schema = require("mlxresolve.option_schema")
local options = require("mlxresolve.options")
local schema = require("mlxresolve.policy.schema")

describe("mlxresolve.policy.schema", function()
  it("is well-formed, defaults included", function()
    for _, name in ipairs { "policy", "common", "race", "cache", "front" } do
      assert.is_true(option_schema.check(schema[name]), name)
    end
  end)

  it("says what every field is for", function()
    for _, name in ipairs { "policy", "common", "race", "cache", "front" } do
      for _, option in ipairs(option_schema.describe(schema[name])) do
        assert.not_equal("", option.doc, name .. "." .. option.name)
      end
    end
  end)

  it("lets control, http and persist be switched off", function()
    local values = { control = false, http = false, cache = { persist = false }, strategies = {} }
    local fields = { control = schema.policy.control, http = schema.policy.http }
    fields.cache, fields.strategies = schema.policy.cache, { "list", of = "any" }
    local checked, mistakes = options.check(fields, values)
    assert.same({}, mistakes)
    assert.is_false(checked.control)
    assert.is_false(checked.cache.persist)
    local _, others = options.check(fields, { control = true })
    assert.equal("'control' must be 'auto', a path or false, got true", others[1].text)
  end)
end)
