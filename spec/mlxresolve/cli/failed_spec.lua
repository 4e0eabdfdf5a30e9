local failed = require("mlxresolve.cli.failed")
local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")

describe("mlxresolve failed", function()
  local function run(args, options, answer)
    local cli, asked = fake_cli.new(options), {}
    fake_cli.daemon(cli.world, "/run/mlxresolve.sock", function(method, target, body)
      asked[#asked + 1] = { method .. " " .. target, json.decode(body) }
      return unpack(answer or { 200, '{"doubted":2}' })
    end)
    return failed.run(cli, args), cli.shown, asked
  end

  it("reports to the daemon, and says what is in doubt", function()
    local code, shown, asked = run { name = "mini2.local", address = "192.0.2.7" }
    assert.equal(0, code)
    assert.same({ "POST /v1/failure", { name = "mini2.local", address = "192.0.2.7" } }, asked[1])
    assert.equal(
      "mini2.local at 192.0.2.7: reported, and asked for anew; 2 records of the link in doubt\n",
      shown.stdout
    )
  end)

  it("reports all addresses of a name", function()
    local _, shown, asked = run({ name = "a.test" }, nil, { 200, '{"doubted":0}' })
    assert.same({ name = "a.test" }, asked[1][2])
    assert.equal("a.test: reported, and asked for anew\n", shown.stdout)
  end)

  it("prints what the daemon says as JSON", function()
    local _, shown = run({ name = "a.test" }, { is_json = true })
    assert.equal('{"doubted":2}\n', shown.stdout)
  end)

  it("passes on why it was refused", function()
    local reply = { 400, [[{"error":"'x' is no address","code":"ETEXT"}]] }
    local code, shown = run({ name = "a.test", address = "x" }, nil, reply)
    assert.equal(1, code)
    assert.matches("'x' is no address", shown.stderr)
  end)

  it("needs a daemon", function()
    local cli = fake_cli.new()
    assert.equal(5, failed.run(cli, { name = "a.test" }))
    assert.matches("no daemon", cli.shown.stderr)
  end)
end)
