local fake_cli = require("support.fake_cli")
local occupied = require("mlxresolve.daemon.occupied")

describe("mlxresolve.daemon.occupied", function()
  it("asks who is there", function()
    local world = fake_cli.world()
    fake_cli.daemon(world, "/run/s", function()
      return 200, '{"pid":7}'
    end)
    local other = occupied.ask(fake_cli.new { world = world }, "/run/s")
    assert.are.same({ path = "/run/s", status = { pid = 7 } }, other)
    local none, _, code = occupied.ask(fake_cli.new(), "/run/s")
    assert.is_nil(none)
    assert.are.equal("ENOENT", code)
  end)

  it("makes do with what the other one tells", function()
    for _, status in ipairs { {}, { policy = "p", listen = "x" }, { pid = 7, policy = {} } } do
      local cli = fake_cli.new()
      occupied.socket(cli.out, "/run/s", { path = "/run/s", status = status })
      assert.is_truthy(cli.shown.stderr:find("another mlxresolve", 1, true))
    end
  end)
end)
