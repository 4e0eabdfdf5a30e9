local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")
local pins = require("mlxresolve.cli.pins")

describe("mlxresolve.cli.pins", function()
  local seen

  local function run(args, value, is_json)
    local world = fake_cli.world()
    local cli = fake_cli.new { world = world, is_json = is_json }
    fake_cli.daemon(world, "/run/mlxresolve.sock", function(method, target, body)
      seen = { method, target, body }
      return 200, json.encode(value)
    end)
    return pins.run(cli, args), cli.shown.stdout
  end

  it("lists whom names belong to, and who has proved what", function()
    local code, text = run({}, {
      remembered = {
        { check = "txt_id", name = "mini3.local.", evidence = "abc", since = 1750000000 },
      },
      proofs = {
        { name = "mini2.local.", address = "10.0.0.5", outcome = "for", reason = "ssh", age = 7 },
        {
          name = "mini2.local.",
          address = "10.0.0.6",
          outcome = "against",
          reason = "no",
          age = 9,
        },
      },
    })
    assert.are.equal(0, code)
    assert.are.same({ "GET", "/v1/pins" }, { seen[1], seen[2] })
    local lines = {}
    for line in text:gmatch("[^\n]+") do
      lines[#lines + 1] = (line:gsub("%s+", " "):gsub("%s$", ""))
    end
    assert.are.same({
      "mini3.local remembered - txt_id abc",
      "mini2.local proved 10.0.0.5 ssh, 7s ago",
      "mini2.local another host 10.0.0.6 no, 9s ago",
    }, lines)
  end)

  it("forgets a name", function()
    local code, text = run({ forget = "mini2.local" }, { forgotten = 1 })
    assert.are.equal(0, code)
    assert.are.same({ "POST", "/v1/pins/forget", '{"name":"mini2.local"}' }, seen)
    assert.are.equal("1 first meeting forgotten\n", text)
  end)

  it("prints objects where that is wanted", function()
    local _, text = run({ forget = "mini2.local" }, { forgotten = 2 }, true)
    assert.are.equal('{"forgotten":2}\n', text)
    _, text = run({}, { remembered = {}, proofs = {} }, true)
    assert.is_truthy(json.decode(text).proofs)
  end)
end)
