local fake_cli = require("support.fake_cli")
local follow = require("mlxresolve.cli.follow")

local PATH = "/run/s"

describe("mlxresolve.cli.follow", function()
  local cli, values

  before_each(function()
    cli, values = fake_cli.new(), {}
  end)

  local function run(on_value)
    return cli:run(function(scheduler)
      return follow.run(scheduler, PATH, "/v1/watch?name=a.", function(value)
        values[#values + 1] = value
        return on_value and on_value(value)
      end)
    end)
  end

  it("tells each object until the daemon ends", function()
    local daemon = fake_cli.stream(cli.world, PATH, { '{"n":1}', "", '{"n":2}', false })
    local ok, message, code = run()
    assert.is_nil(ok)
    assert.equal("it has ended", message)
    assert.equal("ECLOSED", code)
    assert.same({ { n = 1 }, { n = 2 } }, values)
    assert.equal("/v1/watch?name=a.", daemon.target)
  end)

  it("stops when it is told to", function()
    fake_cli.stream(cli.world, PATH, { '{"n":1}', '{"n":2}' })
    assert.is_true(run(function()
      return false
    end))
    assert.equal(1, #values)
  end)

  it("notices a daemon that is silent, and one that is gone", function()
    fake_cli.stream(cli.world, PATH, { '{"n":1}' })
    local began = cli.world:now()
    local _, _, code = run()
    assert.equal("ETIMEOUT", code)
    assert.is_true(cli.world:now() - began < 20e3)
    cli.world.targets[PATH] = function(_, incoming)
      incoming[1] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    end
    local _, message, other = run()
    assert.equal("ECLOSED", other)
    assert.equal("it has gone without a word", message)
  end)

  it("passes on why it was refused", function()
    local status, text = 400, '{"error":"no such path","code":"ENOENT"}'
    fake_cli.daemon(cli.world, PATH, function()
      return status, text
    end)
    local _, message, code = run()
    assert.equal("EREFUSED", code)
    assert.equal("no such path", message)
    status = 503
    assert.equal("ECLOSED", select(3, run()))
    text = "oops"
    assert.equal("status 503", select(2, run()))
  end)

  it("fails where nobody is, and at what is no JSON", function()
    assert.equal("ENOENT", select(3, run()))
    fake_cli.stream(cli.world, PATH, { "nonsense" })
    assert.equal("EFORMAT", select(3, run()))
    fake_cli.stream(cli.world, PATH, { "7" })
    assert.equal("EFORMAT", select(3, run()))
  end)
end)
