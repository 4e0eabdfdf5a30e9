local cache = require("mlxresolve.cli.cache")
local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")

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

  it("flushes what the options mean", function()
    local cli = fake_cli.new { world = world }
    local args = {
      name = "*.lan.example",
      type = "AAAA",
      interface = "eth0",
      strategy = "dns",
      older_than = "10m",
    }
    assert.are.equal(0, cache.flush(cli, args))
    assert.are.same({
      suffix = "lan.example",
      type = "AAAA",
      interface = "eth0",
      strategy = "dns",
      older_than = "10m",
    }, (json.decode(seen[3])))
  end)

  describe("dump and load", function()
    local shell = require("support.shell")
    local requests, file

    before_each(function()
      requests, file = {}, os.tmpname()
      fake_cli.daemon(world, "/run/mlxresolve.sock", function(method, target, body)
        requests[#requests + 1] = { method, target, body }
        if method == "GET" then
          local is_first = target:find("from=0", 1, true)
          return 200,
            ('{"entries":[{"name":"%s."}],"next":%s}'):format(
              is_first and "a" or "b",
              is_first and "4294967301" or "false"
            )
        end
        local count = #json.decode(body).entries
        return 200, ('{"taken":%d,"left_out":1,"why":"no strategy \'x\'"}'):format(count - 1)
      end)
    end)
    after_each(function()
      os.remove(file)
    end)

    it("prints a line of JSON for every entry of every page", function()
      local cli = fake_cli.new { world = world }
      assert.are.equal(0, cache.dump(cli, { name = "*.lan" }))
      assert.are.equal('{"name":"a."}\n{"name":"b."}\n', cli.shown.stdout)
      assert.are.equal("/v1/cache/dump?suffix=lan&from=0", requests[1][2])
      assert.are.equal("/v1/cache/dump?suffix=lan&from=4294967301", requests[2][2])
    end)

    it("brings the lines of a file back, as many at a time as a request holds", function()
      local cli = fake_cli.new { world = world }
      shell.write(file, ('{"name":"a.","answer":"%s"}\n'):format(("x"):rep(20000)):rep(5) .. "\n")
      assert.are.equal(0, cache.load(cli, { file = file }))
      assert.are.equal(3, #requests)
      assert.are.same({ "POST", "/v1/cache/load" }, { unpack(requests[1], 1, 2) })
      assert.are.equal("2 taken, 3 left out\n", cli.shown.stdout)
      assert.is_truthy(cli.shown.stderr:find("no strategy 'x'", 1, true))
    end)

    it("needs a daemon to load nothing, too", function()
      shell.write(file, "\n")
      local cli = fake_cli.new { world = world }
      cache.load(cli, { file = file })
      assert.are.same({ { "POST", "/v1/cache/load", '{"entries":[]}' } }, requests)
      cli = fake_cli.new()
      assert.are.equal(5, cache.load(cli, { file = file }))
      assert.are.equal("", cli.shown.stdout)
      assert.matches("no daemon at /run/mlxresolve.sock", cli.shown.stderr)
    end)

    it("says which line is no entry, and which file is not there", function()
      local cli = fake_cli.new { world = world }
      shell.write(file, "nonsense\n")
      assert.are.equal(1, cache.load(cli, { file = file }))
      assert.is_truthy(cli.shown.stderr:find("no entry: nonsense: no JSON", 1, true))
      assert.are.equal(1, cache.load(cli, { file = "/nonexistent/file" }))
      assert.are.equal(1, cache.load(cli, { file = "/" }))
      assert.is_truthy(cli.shown.stderr:find("mlxresolve: /: Is a directory", 1, true))
      assert.is_truthy(cli.shown.stderr:find("/nonexistent/file: No such file", 1, true))
    end)
  end)

  describe("ls", function()
    local entries

    before_each(function()
      entries = {
        {
          name = "mini2.local.",
          type = "A",
          status = "answer",
          ttl = 90,
          age = 30,
          stale = false,
          interface = "eth0",
          strategy = "mdns",
          data = { "192.0.2.1", "192.0.2.2" },
        },
        {
          name = "gone.local.",
          type = "AAAA",
          status = "answer",
          ttl = 0,
          age = 5000,
          stale = true,
          interface = false,
          strategy = false,
          data = {},
        },
      }
      fake_cli.daemon(world, "/run/mlxresolve.sock", function(method, target)
        seen = { method, target }
        return 200, json.encode { entries = entries, more = #entries == 1 }
      end)
    end)

    it("asks for what is meant", function()
      local cli = fake_cli.new { world = world }
      assert.are.equal(0, cache.run(cli, { cache_command = "ls", name = "*.local", limit = "7" }))
      assert.are.same({ "GET", "/v1/cache?suffix=local&limit=7" }, seen)
    end)

    it("says which entries are in doubt, and which are held back", function()
      local cli = fake_cli.new { world = world }
      entries[1].suspect, entries[2].stale, entries[2].withheld = true, false, true
      cache.ls(cli, {})
      assert.matches("^mini2.local  A     suspect   ", cli.shown.stdout)
      assert.matches("\ngone.local   AAAA  withheld  ", cli.shown.stdout)
    end)

    it("prints one line an entry", function()
      local cli = fake_cli.new { world = world }
      assert.are.equal(0, cache.ls(cli, {}))
      assert.are.equal(
        "mini2.local  A     answer  90s    30s  eth0  mdns  192.0.2.1, 192.0.2.2\n"
          .. "gone.local   AAAA  stale    0s  5000s  -     -\n",
        cli.shown.stdout
      )
    end)

    it("prints one object an entry", function()
      local cli = fake_cli.new { world = world, is_json = true }
      cache.ls(cli, {})
      local first, second = cli.shown.stdout:match("^(.-)\n(.-)\n$")
      assert.are.same(entries[1], (json.decode(first)))
      assert.is_truthy(second:find('"strategy":null', 1, true))
    end)

    it("says that there are more", function()
      table.remove(entries)
      local cli = fake_cli.new { world = world }
      cache.ls(cli, {})
      assert.are.equal("mlxresolve: the first 1 entries; --limit shows more\n", cli.shown.stderr)
    end)

    it("prints nothing of an empty cache", function()
      entries = {}
      local cli = fake_cli.new { world = world }
      assert.are.equal(0, cache.ls(cli, {}))
      assert.are.equal("", cli.shown.stdout)
    end)
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
