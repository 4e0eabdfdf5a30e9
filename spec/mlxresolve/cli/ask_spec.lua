local ask = require("mlxresolve.cli.ask")
local fake_cli = require("support.fake_cli")

local SOCKET = "/run/mlxresolve.sock"

describe("mlxresolve.cli.ask", function()
  local world

  before_each(function()
    world = fake_cli.world()
  end)

  local function success(options)
    local cli = fake_cli.new { world = world, is_json = options and options.is_json }
    local value, code = ask.success(cli, {}, { target = "/" })
    return value, code, cli.shown
  end

  it("returns the daemon's reply", function()
    fake_cli.daemon(world, SOCKET, function()
      return 200, '{"a":1}'
    end)
    assert.are.same({ a = 1 }, (success()))
  end)

  it("ends with 5 without a daemon, and says how to start one", function()
    local value, code, shown = success()
    assert.is_nil(value)
    assert.are.equal(5, code)
    assert.are.equal(
      "mlxresolve: no daemon at /run/mlxresolve.sock; start one with: mlxresolve run POLICY\n",
      shown.stderr
    )
  end)

  it("ends with 5 when nobody can say where the daemon would be", function()
    local cli = fake_cli.new { world = world }
    cli.host.uid = 1000
    local _, code = ask.success(cli, {}, { target = "/" })
    assert.are.equal(5, code)
    assert.is_truthy(cli.shown.stderr:find("--control", 1, true))
  end)

  it("ends with 4 for a policy's mistakes and with 1 for other refusals", function()
    for code, expected in pairs { EPOLICY = { 4, "" }, EINVAL = { 1, "mlxresolve: " } } do
      fake_cli.daemon(world, SOCKET, function()
        return 409, ('{"error":"p.lua:1:1: error: x","code":"%s"}'):format(code)
      end)
      local _, exit, shown = success()
      assert.are.same(expected, { exit, (shown.stderr:gsub("p.lua:1:1: error: x\n$", "")) })
      shown = select(3, success { is_json = true })
      assert.is_truthy(shown.stdout:find('"code":"' .. code, 1, true))
    end
  end)
end)
