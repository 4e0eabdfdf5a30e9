local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")
local status = require("mlxresolve.cli.status")

local STATUS = {
  version = "0.1.0",
  pid = 812,
  uptime = 3 * 86400 + 4 * 3600,
  policy = { file = "/etc/p.lua", problem = false },
  control = "/run/s",
  listen = { "127.0.0.1:5453", "[::1]:5453" },
  cache = { entries = 142, bytes = 62464, capacity = 33554432, hits = 931, misses = 69 },
  interfaces = {
    { name = "en0", up = true, addresses = { "192.0.2.10/24" } },
    { name = "en7", up = false, addresses = {} },
  },
  strategies = {
    { name = "hosts", tries = 0, answers = 0, failures = 0, errors = 0, bypassed = false },
    { name = "scan", tries = 20, answers = 12, failures = 1, errors = 5, bypassed = true },
  },
}

describe("mlxresolve.cli.status", function()
  local function run(value, options)
    options = options or {}
    options.world = fake_cli.world()
    fake_cli.daemon(options.world, "/run/mlxresolve.sock", function(method, target)
      assert.are.same({ "GET", "/v1/status" }, { method, target })
      return 200, json.encode(value)
    end)
    local cli = fake_cli.new(options)
    return status.run(cli, {}), cli.shown
  end

  it("shows the daemon at a glance", function()
    local code, shown = run(STATUS)
    assert.are.equal(0, code)
    assert.are.equal(
      [[
mlxresolve    0.1.0, pid 812, up 3 d 4 h
policy        /etc/p.lua
control       /run/s
listening on  127.0.0.1:5453, [::1]:5453
cache         142 entries, 61 KiB of 32.0 MiB, 93.1 % hits
interfaces    en0 (192.0.2.10/24)
strategies    hosts        not asked yet
              scan         20 tries, 12 answers, 1 failure, 5 errors  bypassed: it keeps failing
]],
      shown.stdout
    )
  end)

  it("shows errors of plugins of any kind, of which only strategies' were counted", function()
    local value = { version = "0.1.0", pid = 1 }
    value.strategies =
      { { name = "mine", tries = 1, errors = 1, last_error = "p.lua:3: oops\nstack traceback:" } }
    value.reactions = {
      { name = "revalidate", tries = 0, errors = 0, last_error = false },
      { name = "tell", tries = 0, errors = 2, last_error = "p.lua:9: no" },
    }
    local _, shown = run(value)
    assert.equal(
      [[
strategies    mine         1 try, 1 error  (p.lua:3: oops)
plugins       tell         2 errors  (p.lua:9: no)
]],
      shown.stdout:match("strategies.*")
    )
  end)

  it("shows whether the cache is kept on disk, and that nobody listens", function()
    local disk = { entries = 12, bytes = 65536, loading = false, working = true }
    local value = { version = "0.1.0", pid = 1, listen = {}, persistence = disk }
    value.cache = STATUS.cache
    local _, shown = run(value)
    assert.equal(
      [[
listening on  nothing
cache         142 entries, 61 KiB of 32.0 MiB, 93.1 % hits
              12 entries on disk, 64 KiB
]],
      shown.stdout:match("listening.*")
    )
    disk.working = false
    _, shown = run(value)
    assert.is_truthy(shown.stdout:find("64 KiB  answers are not kept for now\n", 1, true))
  end)

  it("shows what is published, watched and in doubt", function()
    local value = {
      version = "0.1.0",
      pid = 1,
      published = {
        {
          name = "here-2.local.",
          wanted = "here.local.",
          service = false,
          port = false,
          state = "announced",
          links = {
            { interface = "eth0", state = "announced" },
            { interface = "wlan0", state = "probing" },
          },
        },
        {
          name = [[Worker\0321._mlx._tcp.local.]],
          wanted = false,
          service = "_mlx._tcp",
          port = 50051,
          state = "no link",
          links = {},
        },
      },
      watches = {
        { name = "mini2.local.", watchers = 2, addresses = 1, suspect = 1 },
        { name = "mini3.local.", watchers = 1, addresses = 0, suspect = 0 },
      },
      health = {
        {
          name = "mini2.local.",
          address = "192.0.2.7",
          state = "suspect",
          reason = "failure",
          seconds = 12,
        },
      },
      in_use = 1,
    }
    local _, shown = run(value)
    assert.equal(
      [[
published     here-2.local  announced on eth0  renamed: another has here.local
              Worker 1._mlx._tcp:50051  no link
watched       mini2.local  2 watchers, 1 address, 1 suspect
              mini3.local  1 watcher, 0 addresses
addresses     mini2.local  192.0.2.7  suspect for 12 s: failure
in use        1 name
]],
      shown.stdout:match("published.*")
    )
    local _, pretty = run(value, { is_terminal = true })
    assert.is_truthy(
      pretty.stdout:find("\27[33mmini2.local  2 watchers, 1 address, 1 suspect", 1, true)
    )
  end)

  it("shows colours, and no codes of them, on a terminal", function()
    local _, shown = run(STATUS, { is_terminal = true })
    assert.is_truthy(shown.stdout:find("\27[31mscan ", 1, true))
    assert.is_nil(shown.stdout:find("\\027", 1, true))
  end)

  it("says that a changed policy was not taken over", function()
    local value = { version = "0.1.0", pid = 1, policy = { file = "p.lua", problem = "x" } }
    local _, shown = run(value)
    assert.is_truthy(shown.stdout:find("p.lua  changed, but has mistakes", 1, true))
  end)

  it("tells how long it runs in the units that matter", function()
    for uptime, text in pairs { [5] = "5 s", [65] = "1 min 5 s", [7260] = "2 h 1 min" } do
      local _, shown = run { version = "0.1.0", pid = 1, uptime = uptime }
      assert.is_truthy(shown.stdout:find("up " .. text .. "\n", 1, true), text)
    end
  end)

  it("prints all of it as JSON", function()
    local _, shown = run(STATUS, { is_json = true })
    assert.are.same(STATUS, json.decode(shown.stdout))
  end)

  it("ends with 5 without a daemon", function()
    assert.are.equal(5, status.run(fake_cli.new(), {}))
  end)
end)
