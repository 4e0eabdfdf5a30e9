local schema = require("mlxresolve.simulate.schema")
local verbs = require("mlxresolve.simulate.verbs")

describe("mlxresolve.simulate.verbs", function()
  it("knows what each verb needs", function()
    for _, verb in ipairs(schema.verbs) do
      assert.equal("function", type(verbs.check[verb]), verb)
    end
  end)

  it("reads jumps of the clock, forwards and back", function()
    assert.equal(3600e3, verbs.jump("+1h"))
    assert.equal(-7200e3, verbs.jump("-2h"))
    for _, text in ipairs { "1h", "+", "+soon", "" } do
      assert.is_nil(verbs.jump(text), text)
    end
  end)
end)
