local cli = require("mlxresolve.cli")
local fake_cli = require("support.fake_cli")

describe("mlxresolve.cli", function()
  it("has a command behind every word that the arguments know", function()
    local called = {}
    for _, name in ipairs { "run", "query", "check", "status", "cache", "reload" } do
      local module = "mlxresolve.cli." .. name
      local real = package.loaded[module]
      local function note()
        called[#called + 1] = name
        return #called
      end
      package.loaded[module] = { run = note, flush = note }
      local code = cli.dispatch({ command = name }, fake_cli.world(), {}, fake_cli.new().out)
      package.loaded[module] = real
      assert.are.equal(#called, code)
    end
    assert.are.same({ "run", "query", "check", "status", "cache", "reload" }, called)
  end)
end)
