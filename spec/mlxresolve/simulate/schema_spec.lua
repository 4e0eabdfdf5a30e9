local option_schema = require("mlxresolve.option_schema")
local schema = require("mlxresolve.simulate.schema")

describe("mlxresolve.simulate.schema", function()
  it("is well-formed, and says what everything is for", function()
    local parts = { "scenario", "link", "interface", "server", "service", "host", "step" }
    for _, part in ipairs(parts) do
      assert(option_schema.check(schema[part]))
      for name, spec in pairs(schema[part]) do
        assert.is_truthy(spec.doc, ("%s.%s has no doc"):format(part, name))
      end
    end
  end)

  it("has every verb among the fields of a step", function()
    for _, verb in ipairs(schema.verbs) do
      assert.is_truthy(schema.step[verb], verb)
    end
  end)

  it("changes links by the same fields that make them, without their defaults", function()
    for name in pairs(schema.link) do
      assert.is_truthy(schema.step[name])
      assert.is_nil(schema.step[name].default)
    end
  end)
end)
