local fake_cli = require("support.fake_cli")

describe("mlxresolve.cli.runtime", function()
  it("returns what the function returned, after its waits", function()
    local cli = fake_cli.new()
    local a, b, c = cli:run(function(scheduler)
      scheduler:sleep(50)
      return 1, "two", false
    end)
    assert.are.same({ 1, "two", false }, { a, b, c })
  end)

  it("reports the error of a function that died", function()
    local value, message, code = fake_cli.new():run(function()
      error("boom")
    end)
    assert.is_nil(value)
    assert.is_truthy(message:find("boom", 1, true))
    assert.are.equal("EINTERNAL", code)
  end)

  it("leaves signals to who runs the loop himself after it", function()
    local cli = fake_cli.new()
    cli:run(function()
      return true
    end)
    local stopped = spy.on(cli.world, "stop")
    cli.world.signal("sigterm")
    assert.spy(stopped).was_not_called()
    assert.is_false(cli.is_interrupted)
  end)

  it("ends its wait when it is interrupted, and does not wait again", function()
    local cli = fake_cli.new()
    local function wait()
      return cli:run(function(scheduler)
        scheduler:after(10, function()
          cli.world.signal("sigint")
        end)
        scheduler:sleep(1000)
        return true
      end)
    end
    for _ = 1, 2 do
      local value, _, code = wait()
      assert.is_nil(value)
      assert.are.equal("EINTR", code)
    end
    assert.is_true(cli.world:now() < 2000)
  end)

  it("prefers the control socket that was said", function()
    local cli = fake_cli.new()
    assert.are.equal("/a/b", cli:control_path("/a/b"))
    assert.are.equal("/home/u/b", cli:control_path("b"))
    assert.are.equal("/run/mlxresolve.sock", cli:control_path())
  end)
end)
