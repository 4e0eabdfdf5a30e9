local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")
local query = require("mlxresolve.cli.query")

local SOCKET = "/run/mlxresolve.sock"

local function answer_text(name, status)
  return json.encode {
    name = name,
    type = "A+AAAA",
    status = status or "answer",
    addresses = status and {}
      or { { address = "192.0.2.1", family = "ipv4", interface = "en0", ttl = 9, strategy = "x" } },
    records = {},
    ms = 1,
    cached = false,
    stale = false,
  }
end

describe("mlxresolve.cli.query", function()
  local world, saved

  before_each(function()
    world = fake_cli.world()
    saved = { package.loaded["mlxresolve.policy"], package.loaded["mlxresolve"] }
  end)

  after_each(function()
    package.loaded["mlxresolve.policy"], package.loaded["mlxresolve"] = saved[1], saved[2]
  end)

  local function run(args, options)
    options = options or {}
    options.world = world
    args.types = args.types or {}
    local cli = fake_cli.new(options)
    return query.run(cli, args), cli.shown
  end

  --- Policies and resolvers without a core; `resolve` is the resolver's method.
  local function fake_library(resolve)
    local library = { loaded = {}, closed = 0 }
    package.loaded["mlxresolve.policy"] = {
      load = function(path)
        table.insert(library.loaded, path)
        if library.mistakes then
          return nil, library.mistakes
        end
        return {}
      end,
    }
    package.loaded["mlxresolve"] = {
      open = function(_, options)
        assert.is_false(options.serve)
        assert.are.equal(world, options.world)
        local schedulers = require("mlxresolve.scheduler")
        local scheduler = schedulers.new(world)
        return {
          resolve = function(_, name, asked, callback)
            scheduler:after(5, function()
              callback(resolve(name, asked))
            end)
          end,
          close = function(_, callback)
            library.closed = library.closed + 1
            scheduler:after(1, callback)
          end,
        }
      end,
    }
    return library
  end

  it("asks the daemon for both families at once", function()
    local targets = {}
    fake_cli.daemon(world, SOCKET, function(_, target)
      targets[#targets + 1] = target
      return 200, answer_text("mini2.local.")
    end)
    local code, shown = run { name = "Mini2.local" }
    assert.are.equal(0, code)
    assert.are.same({ "/v1/query?name=mini2.local.&type=A&type=AAAA" }, targets)
    assert.are.equal("mini2.local  192.0.2.1  en0  x  1.0ms  9s\n", shown.stdout)
    assert.are.equal("", shown.stderr)
  end)

  it("asks once for each type that is named, and prints in that order", function()
    fake_cli.daemon(world, SOCKET, function(_, target)
      return 200, answer_text(target:match("type=(%w+)") .. ".")
    end)
    local _, shown = run({ name = "a", types = { "txt", "SRV" } }, { is_json = true })
    local names = {}
    for line in shown.stdout:gmatch("[^\n]+") do
      names[#names + 1] = json.decode(line).name
    end
    assert.are.same({ "TXT.", "SRV." }, names)
  end)

  it("passes its options on", function()
    local seen
    fake_cli.daemon(world, SOCKET, function(_, target)
      seen = target
      return 200, answer_text("a.")
    end)
    run { name = "a", types = { "A" }, trace = true, fresh = true, timeout = "2s" }
    assert.are.equal("/v1/query?name=a.&type=A&trace=1&fresh=1&timeout=2000ms", seen)
  end)

  it("asks for the reverse name when PTR of an address is wanted", function()
    local targets = {}
    fake_cli.daemon(world, SOCKET, function(_, target)
      targets[#targets + 1] = target:match("name=([^&]*)")
      return 200, answer_text("a.")
    end)
    run { name = "192.0.2.1", types = { "PTR", "A" } }
    run { name = "a.example", types = { "PTR" } }
    table.sort(targets)
    assert.are.same({ "1.2.0.192.in-addr.arpa.", "192.0.2.1.", "a.example." }, targets)
  end)

  it("ends with the code of the outcome", function()
    for status, expected in pairs { nxdomain = 2, nodata = 2, timeout = 3, error = 3 } do
      fake_cli.daemon(world, SOCKET, function()
        return 200, answer_text("a.", status)
      end)
      assert.are.equal(expected, (run { name = "a" }))
    end
  end)

  it("has found something when one of several types was found", function()
    fake_cli.daemon(world, SOCKET, function(_, target)
      return 200, answer_text("a.", target:find("type=TXT", 1, true) and "nxdomain" or nil)
    end)
    assert.are.equal(0, (run { name = "a", types = { "TXT", "A" } }))
  end)

  it("refuses what it cannot ask, before asking", function()
    local cases = {
      { { name = "a..b" }, "'a..b' is no host name" },
      { { name = "" }, "'' is no host name" },
      { { name = "a", types = { "B" } }, "'B' is no record type" },
      { { name = "a", timeout = "soon" }, "expected a duration" },
      { { name = "a", timeout = "2h" }, "up to 60s" },
    }
    for _, case in ipairs(cases) do
      local code, shown = run(case[1])
      assert.are.equal(1, code)
      assert.is_truthy(shown.stderr:find(case[2], 1, true), shown.stderr)
    end
  end)

  it("ends with 5 when the daemon that was named is not there", function()
    local code, shown = run { name = "a", control = "/run/other" }
    assert.are.equal(5, code)
    assert.is_truthy(shown.stderr:find("no daemon at /run/other", 1, true))
    assert.is_truthy(shown.stderr:find("mlxresolve run", 1, true))
  end)

  it("takes a relative socket path from the folder where it was started", function()
    fake_cli.daemon(world, "/home/u/my.sock", function()
      return 200, answer_text("a.")
    end)
    assert.are.equal(0, (run { name = "a", control = "my.sock" }))
  end)

  it("ends with 5 when the daemon speaks nonsense", function()
    world.targets[SOCKET] = function(_, incoming)
      incoming[1] = "SSH-2.0\r\n\r\n"
    end
    local code, shown = run { name = "a" }
    assert.are.equal(5, code)
    assert.is_truthy(shown.stderr:find("cannot be asked", 1, true))
  end)

  it("ends with 1 when the daemon refuses the question", function()
    fake_cli.daemon(world, SOCKET, function()
      return 400, '{"error":"unknown parameter","code":"EINVAL"}'
    end)
    local code, shown = run { name = "a" }
    assert.are.equal(1, code)
    assert.is_truthy(shown.stderr:find("unknown parameter", 1, true))
  end)

  it("runs the example policy here when there is no daemon, and says so", function()
    local library = fake_library(function(name)
      return json.decode(answer_text(name))
    end)
    local code, shown = run { name = "a" }
    assert.are.equal(0, code)
    assert.are.same({ "/share/examples/home.lua" }, library.loaded)
    assert.are.equal("a  192.0.2.1  en0  x  1.0ms  9s\n", shown.stdout)
    assert.are.equal(
      "mlxresolve: no daemon at /run/mlxresolve.sock; running /share/examples/home.lua here\n",
      shown.stderr
    )
    assert.are.equal(1, library.closed)
  end)

  it("runs the policy that was named without asking a daemon", function()
    fake_cli.daemon(world, SOCKET, function()
      error("the daemon was asked")
    end)
    local library = fake_library(function()
      return nil, "nobody answered in time", "ETIMEOUT"
    end)
    local code, shown = run { name = "a", policy = "mine.lua" }
    assert.are.equal(3, code)
    assert.are.same({ "mine.lua" }, library.loaded)
    assert.is_truthy(shown.stderr:find("no answer in time", 1, true))
  end)

  it("ends with 4 and the report when the policy has mistakes", function()
    local library = fake_library()
    library.mistakes = setmetatable({}, {
      __tostring = function()
        return "mine.lua:1:1: error: x"
      end,
    })
    local code, shown = run { name = "a", policy = "mine.lua" }
    assert.are.equal(4, code)
    assert.are.equal("mine.lua:1:1: error: x\n", shown.stderr)
  end)

  it("ends with 130 when it is interrupted, here and at the daemon", function()
    local function interrupt()
      world.signal("sigint")
    end
    world.targets[SOCKET] = interrupt
    assert.are.equal(130, (run { name = "a" }))
    local library = fake_library(function(name)
      interrupt()
      return json.decode(answer_text(name))
    end)
    assert.are.equal(130, (run { name = "a", policy = "mine.lua" }))
    assert.are.equal(1, library.closed)
  end)
end)
