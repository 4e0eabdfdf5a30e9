local fake_cli = require("support.fake_cli")
local reload = require("mlxresolve.cli.reload")

describe("mlxresolve.cli.reload", function()
  local function run(status, text, is_json)
    local world = fake_cli.world()
    local cli = fake_cli.new { world = world, is_json = is_json }
    fake_cli.daemon(world, "/run/mlxresolve.sock", function(method, target)
      assert.are.same({ "POST", "/v1/reload" }, { method, target })
      return status, text
    end)
    return reload.run(cli, {}), cli.shown
  end

  it("tells that the policy was read again", function()
    local code, shown = run(200, '{"reloaded":true}')
    assert.are.equal(0, code)
    assert.are.equal("the policy was read again\n", shown.stdout)
    code, shown = run(200, '{"reloaded":true}', true)
    assert.are.equal(0, code)
    assert.are.equal('{"reloaded":true}\n', shown.stdout)
  end)

  it("tells which fields wait for the next start", function()
    local code, shown = run(200, '{"reloaded":true,"at_restart":["listen","cache.size"]}')
    assert.are.equal(0, code)
    assert.are.equal("the policy was read again\n", shown.stdout)
    assert.is_truthy(shown.stderr:find("of listen, cache.size waits for the next start", 1, true))
    shown = select(2, run(200, '{"reloaded":true,"at_restart":[]}'))
    assert.are.equal("", shown.stderr)
  end)

  it("shows the mistakes that prevent it and ends with 4", function()
    local code, shown = run(409, '{"error":"p.lua:1:1: error: x","code":"EPOLICY"}')
    assert.are.equal(4, code)
    assert.are.equal("p.lua:1:1: error: x\n", shown.stderr)
  end)
end)
