local daemon = require("mlxresolve.daemon")
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
    assert.are.equal(4, run.run({}, { policy_file = "p", control = "c", listen = { "a:1" } }))
    assert.are.same({ policy = "p", control = "c", listen = { "a:1" } }, seen)
    run.run({}, { policy_file = "p", listen = {} })
    assert.are.same({ policy = "p" }, seen)
  end)
end)
