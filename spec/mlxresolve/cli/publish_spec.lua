local core = require("mlxresolve.core")
local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")
local mdns_bed = require("support.mdns_bed")
local publish = require("mlxresolve.cli.publish")

describe("mlxresolve.cli.publish", function()
  local function run(args, options)
    local cli = fake_cli.new(options)
    cli.world.links = { mdns_bed.interface() }
    cli.world:begin({ wake = function() end }, 3000, function()
      cli.world.signal("sigint")
    end)
    return publish.run(cli, args), cli.shown, cli.world
  end

  local function worker(port)
    return { name = "My worker", type = "_mlx._tcp", port = port or 7, txt = { "a=1", "gpu" } }
  end

  local function last(world)
    local message = core.wire.decode(world.sent[#world.sent].packet)
    local found = {}
    for _, one in ipairs(message.answers) do
      found[#found + 1] = ("%s %d %s"):format(one.type, one.ttl, one.data)
    end
    return table.concat(found, "\n")
  end

  it("tells the names when they are known, and says goodbye when it is interrupted", function()
    local code, shown, world = run(worker())
    assert.equal(130, code)
    assert.equal("published My\\032worker._mlx._tcp.local. at here.local.:7\n", shown.stdout)
    assert.matches('TXT 0 "a=1" "gpu"', last(world))
  end)

  it("tells them as JSON", function()
    local _, shown = run(worker(), { is_json = true })
    local object = json.decode(shown.stdout)
    assert.same({
      event = "published",
      host = "here.local.",
      name = "My\\032worker._mlx._tcp.local.",
      port = 7,
    }, object)
  end)

  it("tells what cannot be published", function()
    local code, shown = run(worker(70000))
    assert.equal(1, code)
    assert.matches("port from 0 to 65535", shown.stderr)
  end)
end)
