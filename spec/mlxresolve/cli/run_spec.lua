local daemon = require("mlxresolve.daemon")
local fake_cli = require("support.fake_cli")
local run = require("mlxresolve.cli.run")

describe("mlxresolve.cli.run", function()
  local real

  before_each(function()
    real = daemon.run
  end)

  after_each(function()
    daemon.run = real
  end)

  it("hands the arguments to the daemon and its code back", function()
    local seen
    function daemon.run(_, options)
      seen = options
      return 4
    end
    assert.are.equal(
      4,
      run.run({}, { policy_file = "p", control = "c", listen = { "127.0.0.1:5453" } })
    )
    assert.are.same({ policy = "p", control = "c", listen = { "127.0.0.1:5453" } }, seen)
    run.run({}, { policy_file = "p", listen = {} })
    assert.are.same({ policy = "p" }, seen)
  end)

  it("takes port 0, which is any that is free", function()
    function daemon.run()
      return 0
    end
    local listen = { "127.0.0.1:0", "[::1]:0" }
    assert.equal(0, run.run(fake_cli.new(), { policy_file = "p", listen = listen }))
  end)

  it("says so when --listen is there twice, or more often than there is room for", function()
    local many = {}
    for i = 1, 17 do
      many[i] = "127.0.0.1:" .. 5452 + i
    end
    for text, listen in pairs {
      ["127.0.0.1:5453 is there twice"] = { "127.0.0.1:5453", "127.0.0.1:5453" },
      ["at most 16 addresses, got 17"] = many,
    } do
      local cli = fake_cli.new()
      assert.equal(1, run.run(cli, { policy_file = "p", listen = listen }))
      assert.equal(("mlxresolve: --listen: %s\n"):format(text), cli.shown.stderr)
    end
  end)

  it("says what it expects where --listen is no address with a port", function()
    for _, text in ipairs { "foo", "127.0.0.1", "[::1]", "" } do
      local cli = fake_cli.new()
      assert.equal(1, run.run(cli, { policy_file = "p", listen = { "127.0.0.1:5453", text } }))
      local expected = "mlxresolve: --listen: expected ADDRESS:PORT such as 127.0.0.1:5453 or "
        .. "[::1]:5453, got '%s'\n"
      assert.equal(expected:format(text), cli.shown.stderr)
    end
  end)
end)
