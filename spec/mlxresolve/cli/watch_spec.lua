local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")
local watch = require("mlxresolve.cli.watch")

local PATH = "/run/mlxresolve.sock"
local WATCHING = '{"event":"watching","names":["mini2.local."]}'
local ADDED = '{"event":"added","name":"mini2.local.","address":"192.0.2.7","family":"ipv4",'
  .. '"was":null,"interface":"eth0","strategy":"mdns","reason":"resolved","time":1750000000.25}'
local MOVED = ADDED:gsub('"added"', '"moved"'):gsub('"was":null', '"was":"192.0.2.1"')

describe("mlxresolve watch", function()
  local cli

  local function run(args, options)
    cli = fake_cli.new(options)
    args.names = args.names or { "Mini2.local" }
    return function(lines)
      local daemon = lines and fake_cli.stream(cli.world, args.control or PATH, lines)
      return watch.run(cli, args), daemon
    end
  end

  local function at(date)
    return os.date("%H:%M:%S", date)
  end

  it("shows what the daemon tells, a line for each event", function()
    local code, daemon = run { names = { "Mini2.local", "b" } } { WATCHING, ADDED, MOVED, false }
    assert.equal(5, code)
    assert.equal("/v1/watch?name=mini2.local.&name=b.", daemon.target)
    assert.equal(
      at(1750000000)
        .. ".250  + mini2.local  192.0.2.7  eth0  mdns  added (resolved)\n"
        .. at(1750000000)
        .. ".250  ~ mini2.local  192.0.2.1 -> 192.0.2.7  eth0  mdns  moved (resolved)\n",
      cli.shown.stdout
    )
    assert.equal(
      "mlxresolve: the daemon at /run/mlxresolve.sock: it has ended; nothing is watched any more\n",
      cli.shown.stderr
    )
  end)

  it("prints one JSON object a line, and nothing else", function()
    run({}, { is_json = true }) { WATCHING, ADDED, false }
    assert.same(json.decode(ADDED), json.decode(cli.shown.stdout))
    assert.equal(1, select(2, cli.shown.stdout:gsub("\n", "")))
  end)

  it("colours by the kind of event, and says what it waits for, on a terminal", function()
    run({}, { is_terminal = true }) { WATCHING, ADDED, false }
    assert.matches("\27%[32m%+ mini2.local\27%[0m", cli.shown.stdout)
    assert.matches("watching 1 name; Ctrl%-C ends it", cli.shown.stderr)
  end)

  it("ends with 130 when it is interrupted, with a daemon and without", function()
    for _, lines in ipairs { { WATCHING, ADDED }, false } do
      local ask = run {}
      cli.world.files["/share/examples/home.lua"] = [[
        local mlx = require("mlxresolve")
        return mlx.policy { strategies = { mlx.use { name = "none", resolve = tostring } } }]]
      cli.world:begin({ wake = function() end }, 3000, function()
        cli.world.signal("sigint")
      end)
      assert.equal(130, (ask(lines or nil)), cli.shown.stderr)
    end
  end)

  it("runs a policy here where no daemon is, and says so", function()
    local ask = run {}
    cli.world.files["/share/examples/home.lua"] = [[
      local mlx = require("mlxresolve")
      return mlx.policy { strategies = { mlx.use { name = "mine", resolve = function(_, query)
        return query.type == "A" and query:answer("192.0.2.9") or query:nodata()
      end } } }]]
    cli.world:begin({ wake = function() end }, 3000, function()
      cli.world.signal("sigint")
    end)
    ask()
    assert.matches("no daemon at /run/mlxresolve.sock; running /share/examples", cli.shown.stderr)
    assert.matches("%+ mini2.local  192.0.2.9  %-  mine  added %(resolved%)\n", cli.shown.stdout)
  end)

  it("needs the daemon that was named", function()
    assert.equal(5, (run { control = "/run/other" }()))
    assert.matches("no daemon at /run/other", cli.shown.stderr)
  end)

  it("stops when nobody reads what it says", function()
    local ask = run {}
    cli.out.is_broken = true
    assert.equal(0, (ask { WATCHING, ADDED }))
  end)

  it("refuses what is no name, and a policy with mistakes", function()
    for _, name in ipairs { "a..b", "" } do
      assert.equal(1, (run { names = { "mini2.local", name } }()))
      assert.equal(
        ("mlxresolve: '%s' is no host name, such as mini2.local\n"):format(name),
        cli.shown.stderr
      )
    end
    local ask = run { policy = "/p.lua" }
    cli.world.files["/p.lua"] = "return {"
    assert.equal(4, (ask()))
  end)
end)
