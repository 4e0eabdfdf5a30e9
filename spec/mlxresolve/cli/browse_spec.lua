local bed = require("support.mdns_bed")
local browse = require("mlxresolve.cli.browse")
local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")

local NAME = "W\\0321._mlx._tcp.local."

local RECORDS = {
  { type = "PTR", data = NAME, cache_flush = false },
  { name = NAME, type = "SRV", data = "0 0 50051 mini2.local.", additional = true },
  { name = NAME, type = "TXT", data = '"model=x" "bin=\\255"', additional = true },
  { name = "mini2.local.", type = "A", data = "192.0.2.7", additional = true },
}

describe("mlxresolve browse", function()
  local function open(options)
    local cli = fake_cli.new(options)
    local link = bed.attach(cli.world)
    return cli, link
  end

  it("shows each service in a line and stops after a second of silence", function()
    local cli, link = open()
    link:answer("_mlx._tcp.local.", RECORDS, { delay = 700 })
    assert.equal(0, browse.run(cli, { type = "_mlx._tcp", once = true, interfaces = {} }))
    local expected = "+ W 1  eth0  mini2.local:50051  192.0.2.7  model=x bin=\\255\n"
    assert.equal(expected, cli.shown.stdout)
    local ms = cli.world:now() - 1000
    assert.is_true(ms >= 1700 and ms < 1800, ms)
  end)

  it("shows what becomes of them", function()
    local cli, link = open()
    link:answer("_mlx._tcp.local.", RECORDS)
    local bye = { { type = "PTR", data = NAME, ttl = 0, cache_flush = false } }
    local moved = { { type = "A", data = "192.0.2.8" } }
    local packets = { bed.response("mini2.local.", moved), bed.response("_mlx._tcp.local.", bye) }
    for i, packet in ipairs(packets) do
      cli.world:begin({ wake = function() end }, 2000 * i + 500, function()
        link:deliver(packet)
      end)
    end
    cli.world:begin({ wake = function() end }, 1500, function()
      cli.world.on_send = nil
    end)
    cli.world:begin({ wake = function() end }, 6000, function()
      cli.world.signal("sigint")
    end)
    assert.equal(130, browse.run(cli, { type = "_mlx._tcp", interfaces = {} }))
    local lines = {}
    for line in cli.shown.stdout:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.same({
      "+ W 1  eth0  mini2.local:50051  192.0.2.7  model=x bin=\\255",
      "~ W 1  eth0  mini2.local:50051  192.0.2.8  model=x bin=\\255",
      "? W 1 suspect (goodbye)",
      "- W 1 gone (goodbye)",
    }, lines)
  end)

  it("writes one JSON object a line", function()
    local cli, link = open { is_json = true }
    link:answer("_mlx._tcp.local.", RECORDS)
    browse.run(cli, { type = "_mlx._tcp", once = true, interfaces = {} })
    local value = json.decode(cli.shown.stdout)
    assert.equal(1750000000, math.floor(value.time))
    value.time = nil
    assert.same({
      event = "added",
      instance = "W 1",
      name = NAME,
      type = "_mlx._tcp",
      domain = "local.",
      host = "mini2.local.",
      port = 50051,
      addresses = { "192.0.2.7" },
      interface = "eth0",
      txt = { model = "x", bin = "\\255" },
      texts = { "model=x", "bin=\\255" },
      reason = false,
    }, value)
  end)

  it("says no answer when nobody has answered", function()
    local cli = open()
    assert.equal(3, browse.run(cli, { type = "_mlx._tcp", once = true, interfaces = {} }))
    assert.equal("", cli.shown.stdout)
    assert.equal("mlxresolve: no services of type _mlx._tcp found\n", cli.shown.stderr)
    cli = open()
    browse.run(cli, { once = true, interfaces = {} })
    assert.equal("mlxresolve: no services found\n", cli.shown.stderr)
  end)

  it("says on a terminal what it waits for", function()
    local cli = open { is_terminal = true }
    cli.world:begin({ wake = function() end }, 500, function()
      cli.world.signal("sigint")
    end)
    assert.equal(130, browse.run(cli, { interfaces = {} }))
    assert.matches("browsing services; Ctrl%-C ends it\n$", cli.shown.stderr)
    cli = open()
    browse.run(cli, { once = true, interfaces = {} })
    assert.is_nil(cli.shown.stderr:find("browsing", 1, true))
  end)

  it("shows the type of each when none was named", function()
    local cli, link = open()
    link:answer("_services._dns-sd._udp.local.", {
      { type = "PTR", data = "_mlx._tcp.local.", cache_flush = false },
    })
    link:answer("_mlx._tcp.local.", RECORDS)
    assert.equal(0, browse.run(cli, { once = true, interfaces = {} }))
    assert.matches("^%+ W 1%._mlx%._tcp  eth0", cli.shown.stdout)
  end)

  describe("with a daemon", function()
    local WATCHING = '{"event":"watching"}'
    local WORKER = '{"event":"added","instance":"W 1","name":"w.","type":"_mlx._tcp",'
      .. '"host":"mini2.local.","port":50051,"addresses":["192.0.2.7"],"interface":"eth0",'
      .. '"txt":{},"texts":["model=x"],"reason":null,"time":1750000000}'

    it("shows what the daemon tells, and asks nobody else", function()
      local cli = open()
      local daemon = fake_cli.stream(cli.world, "/run/mlxresolve.sock", { WATCHING, WORKER })
      local args = { type = "_mlx._tcp", once = true, interfaces = { "eth0" } }
      assert.equal(0, browse.run(cli, args))
      assert.equal("/v1/browse?type=_mlx._tcp&interface=eth0", daemon.target)
      assert.equal("+ W 1  eth0  mini2.local:50051  192.0.2.7  model=x\n", cli.shown.stdout)
      assert.same({}, cli.world.sent)
    end)

    it("says that the daemon has gone", function()
      local cli = open()
      fake_cli.stream(cli.world, "/run/mlxresolve.sock", { WATCHING, WORKER, false })
      assert.equal(5, browse.run(cli, { type = "_mlx._tcp", interfaces = {} }))
      assert.matches("mlxresolve.sock: it has ended; nothing is browsed", cli.shown.stderr)
    end)

    it("says that there is none where one was named", function()
      local cli = open()
      assert.equal(5, browse.run(cli, { control = "/run/x", once = true, interfaces = {} }))
      assert.matches("no daemon at /run/x", cli.shown.stderr)
    end)
  end)

  it("says that an interface is not there, and may be misspelt", function()
    local cli = open()
    browse.run(cli, { once = true, interfaces = { "eth0", "ethO" } })
    local text = "there is no interface 'ethO' now (did you mean 'eth0'?)"
    assert.is_truthy(cli.shown.stderr:find(text, 1, true), cli.shown.stderr)
    assert.is_nil(cli.shown.stderr:find("no interface 'eth0'", 1, true))
  end)

  it("refuses what is no type of service", function()
    local cli = open()
    assert.equal(1, browse.run(cli, { type = "mini2", interfaces = {} }))
    assert.matches("'mini2' is no type of service", cli.shown.stderr)
  end)
end)
