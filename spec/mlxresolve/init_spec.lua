local mlxresolve = require("mlxresolve")

describe("mlxresolve", function()
  it("is what a program needs to build a policy", function()
    for _, name in ipairs { "use", "policy", "race", "env", "hostname" } do
      assert.equal("function", type(mlxresolve[name]), name)
    end
    assert.equal("1.0", mlxresolve.api)
    assert.matches("^%d+%.%d+%.%d+", mlxresolve.version)
  end)

  it("reads the environment", function()
    assert.equal(os.getenv("PATH"), mlxresolve.env("PATH"))
    assert.equal("x", mlxresolve.env("MLXRESOLVE_IS_NOT_SET", "x"))
  end)

  it("includes files inside of policies only", function()
    assert.has_error(function()
      mlxresolve.include("x.lua")
    end)
  end)
end)
