local builders = require("mlxresolve.policy.builders")
local mlxresolve = require("mlxresolve")
local policies = require("support.policies")

describe("mlxresolve.policy.builders", function()
  it("write down what was said and where", function()
    local draft = mlxresolve.use("mdns", { timeout = 1 })
    assert.is_true(builders.is_draft(draft))
    assert.is_true(builders.is_draft(draft, "use"))
    assert.is_false(builders.is_draft(draft, "race"))
    assert.equal("mdns", draft.plugin)
    assert.same({ timeout = 1 }, draft.fields)
    assert.matches("builders_spec.lua$", draft.place.file)
    assert.equal('use("mdns")', tostring(draft))
    assert.equal("mlx.race { … }", tostring(mlxresolve.race {}))
  end)

  it("know their own drafts from tables that look alike", function()
    assert.is_false(builders.is_draft { kind = "use", plugin = "mdns" })
    assert.is_false(builders.is_draft(nil))
    assert.is_false(builders.is_draft("use"))
  end)

  it("lend the pure parts of the core, read-only", function()
    local api = builders.plugin_api { world = policies.world {} }
    assert.equal("a.example.", api.name.canonical("A.example"))
    assert.equal("192.0.2.1", api.address.parse("192.0.2.1").address)
    assert.is_nil(api.use)
    for _, change in ipairs {
      function()
        api.name.canonical = nil
      end,
      function()
        api.name = nil
      end,
    } do
      assert.has_error(change)
    end
  end)

  it("refuse a variable's name that is no name", function()
    assert.has_error(function()
      mlxresolve.env(nil)
    end, "mlx.env: the variable's name must be a string, got nil")
  end)
end)
