local cache = require("mlxresolve.cli.cache")
local fake_cli = require("support.fake_cli")

describe("mlxresolve.cli.cache", function()
  local world, seen

  before_each(function()
    world = fake_cli.world()
    fake_cli.daemon(world, "/run/mlxresolve.sock", function(method, target, body)
      seen = { method, target, body }
      return 200, '{"flushed":' .. (body == "{}" and 12 or 1) .. "}"
    end)
  end)

  it("flushes everything", function()
    local cli = fake_cli.new { world = world }
    assert.are.equal(0, cache.flush(cli, {}))
    assert.are.same({ "POST", "/v1/cache/flush", "{}" }, seen)
    assert.are.equal("12 entries dropped\n", cli.shown.stdout)
  end)

  it("flushes one name", function()
    local cli = fake_cli.new { world = world }
    assert.are.equal(0, cache.flush(cli, { name = "a.b" }))
    assert.are.equal('{"name":"a.b"}', seen[3])
    assert.are.equal("1 entry dropped\n", cli.shown.stdout)
  end)

  it("prints the count as JSON", function()
    local cli = fake_cli.new { world = world, is_json = true }
    cache.flush(cli, {})
    assert.are.equal('{"flushed":12}\n', cli.shown.stdout)
  end)

  it("ends with 5 without a daemon", function()
    assert.are.equal(5, cache.flush(fake_cli.new(), {}))
  end)
end)
