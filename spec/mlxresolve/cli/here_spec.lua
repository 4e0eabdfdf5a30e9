local fake_cli = require("support.fake_cli")
local here = require("mlxresolve.cli.here")

describe("mlxresolve.cli.here", function()
  it("opens a policy and closes it again", function()
    local cli = fake_cli.new()
    cli.world.files["/p.lua"] = [[
      local mlx = require("mlxresolve")
      return mlx.policy {
        strategies = { mlx.use { name = "none", resolve = function() end } },
      }]]
    local resolver = assert(here.open(cli, "/p.lua"))
    here.close(cli, resolver)
    assert.is_true(resolver.is_closed)
  end)

  it("tells the mistakes of a policy, and ends with 4", function()
    local cli = fake_cli.new()
    cli.world.files["/p.lua"] = "return {"
    local resolver, code = here.open(cli, "/p.lua")
    assert.is_nil(resolver)
    assert.equal(4, code)
    assert.matches("p.lua:1:", cli.shown.stderr)
  end)

  it("says which policy stands in for a daemon, and where none was found", function()
    local cli = fake_cli.new()
    assert.equal("/share/examples/home.lua", here.instead(cli, "/run/s"))
    assert.equal("/share/examples/home.lua", here.instead(cli, nil))
    assert.equal(
      "mlxresolve: no daemon at /run/s; running /share/examples/home.lua here\n"
        .. "mlxresolve: no daemon at any place; running /share/examples/home.lua here\n",
      cli.shown.stderr
    )
  end)
end)
