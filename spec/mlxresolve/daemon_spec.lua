local daemon = require("mlxresolve.daemon")
local fake_cli = require("support.fake_cli")
local json = require("mlxresolve.json")
local schedulers = require("mlxresolve.scheduler")

local SOCKET = "/run/mlxresolve.sock"

describe("mlxresolve.daemon", function()
  local world, saved, policy, library, resolver

  before_each(function()
    world = fake_cli.world()
    policy = { control = "auto" }
    saved = { package.loaded["mlxresolve.policy"], package.loaded["mlxresolve"] }
    library = { opened = {} }
    resolver = { world = world, closed = 0 }
    function resolver.status()
      local strategies = { { name = "hosts" }, { name = "dns" } }
      return { listen = { "127.0.0.1:5453" }, strategies = strategies }
    end
    function resolver.reload()
      return true
    end
    function resolver.close(self, callback)
      self.closed = self.closed + 1
      self.scheduler:after(5, callback)
    end
    package.loaded["mlxresolve.policy"] = {
      load = function(path)
        assert.are.equal("p.lua", path)
        if library.mistakes then
          return nil, library.mistakes
        end
        return policy
      end,
    }
    package.loaded["mlxresolve"] = {
      open = function(_, options)
        library.opened[#library.opened + 1] = options
        if library.failure then
          return nil, unpack(library.failure)
        end
        resolver.scheduler = schedulers.new(world)
        return resolver
      end,
    }
    function world.http(self, options, on_request)
      if library.http_failure then
        return nil, unpack(library.http_failure)
      end
      self.served, self.on_request = options.path, on_request
      return {
        reply = function(_, ...)
          self.replied = { ... }
        end,
      }
    end
    function world.stop_serving(self)
      self.served = nil
    end
  end)

  after_each(function()
    package.loaded["mlxresolve.policy"], package.loaded["mlxresolve"] = saved[1], saved[2]
  end)

  --- Runs the daemon; `script` is a list of { ms, function } that happen while it serves.
  local function run(script, options, is_json)
    local cli = fake_cli.new { world = world, is_json = is_json }
    local loop, before = world.loop, #library.opened
    world.loop = function(self)
      if #library.opened > before then
        for _, event in ipairs(script or {}) do
          resolver.scheduler:after(event[1], event[2])
        end
        script = nil
      end
      loop(self)
    end
    options = options or {}
    options.policy = "p.lua"
    return daemon.run(cli, options), cli.shown
  end

  local function signal(name)
    return function()
      world.signal(name)
    end
  end

  it("serves until SIGTERM, and says before what it does", function()
    local served
    local code, shown = run {
      {
        10,
        function()
          served = world.served
        end,
      },
      { 20, signal("sigterm") },
    }
    assert.are.equal(0, code)
    assert.are.equal(SOCKET, served)
    assert.is_nil(world.served)
    assert.are.equal(1, resolver.closed)
    for _, text in ipairs { "127.0.0.1:5453", "p.lua", SOCKET, "hosts, dns", "pid 812" } do
      assert.is_truthy(shown.stdout:find(text, 1, true), text)
    end
  end)

  it("answers before it opens the control socket, and is ready after", function()
    local cli = fake_cli.new { world = world }
    local served, said
    local loop = world.loop
    world.loop = function(self)
      if #library.opened > 0 then
        served, said = self.served, cli.shown.stdout
        resolver.scheduler:after(5, signal("sigterm"))
      end
      loop(self)
    end
    assert.are.equal(0, daemon.run(cli, { policy = "p.lua" }))
    assert.are.same({ nil, "" }, { served, said })
    assert.is_truthy(cli.shown.stdout:find("control +" .. SOCKET))
  end)

  it("opens no control socket when it is told to end first", function()
    run { { 0, signal("sigterm") } }
    assert.is_nil(world.on_request)
  end)

  it("announces itself in JSON when asked", function()
    local _, shown = run({ { 1, signal("sigterm") } }, {}, true)
    local said = json.decode(shown.stdout)
    assert.are.equal("ready", said.event)
    assert.are.same({ "127.0.0.1:5453" }, said.listen)
    assert.are.equal(SOCKET, said.control)
  end)

  it("ends with 130 after SIGINT", function()
    assert.are.equal(130, (run { { 1, signal("sigint") } }))
  end)

  it("ends within a second even when a plugin does not let go", function()
    function resolver.close() end
    local started
    run {
      {
        1,
        function()
          started = world:now()
          world.signal("sigterm")
        end,
      },
    }
    assert.is_true(world:now() - started < 1000)
  end)

  it("ends at once at the second signal", function()
    function resolver.close() end
    local started
    run {
      {
        1,
        function()
          started = world:now()
          world.signal("sigterm")
        end,
      },
      { 50, signal("sigint") },
    }
    assert.is_true(world:now() - started < 100)
  end)

  it("hands on --listen in place of the policy's listeners", function()
    run({ { 1, signal("sigterm") } }, { listen = { "127.0.0.1:1" } })
    assert.are.same({ "127.0.0.1:1" }, library.opened[1].listen)
    assert.is_true(library.opened[1].serve)
  end)

  -- A rare question waited for the compiler, which took longer than its answer.
  it("compiles what it does while it is busy, and then no more", function()
    local was, seen = jit.status(), {}
    local function load(is_busy)
      return function()
        world.change_load(is_busy)
        seen[#seen + 1] = jit.status()
      end
    end
    run { { 10, load(true) }, { 11, load(false) }, { 20, signal("sigterm") } }
    jit[was and "on" or "off"]()
    assert.same({ true, false }, seen)
  end)

  it("takes the control socket that was said, then the policy's, then none", function()
    local served
    local function look()
      served = world.served
    end
    policy.control = "/run/policy.sock"
    run({ { 1, look }, { 2, signal("sigterm") } }, { control = "said.sock" })
    assert.are.equal("/home/u/said.sock", served)
    run { { 1, look }, { 2, signal("sigterm") } }
    assert.are.equal("/run/policy.sock", served)
    policy.control = false
    resolver.scheduler = nil
    local cli = fake_cli.new { world = world }
    world.loop = function()
      world.signal("sigterm")
    end
    assert.are.equal(0, daemon.run(cli, { policy = "p.lua" }))
    assert.is_truthy(cli.shown.stdout:find("control +none"))
  end)

  it("reloads on SIGHUP and tells what kept it from that", function()
    local status
    function resolver.reload()
      return nil, "p.lua:1:1: error: x", "EPOLICY"
    end
    run {
      { 1, signal("sighup") },
      {
        2,
        function()
          world.on_request(1, "GET", "/v1/status", "", "")
          status = json.decode(world.replied[4])
          resolver.reload = function()
            return true
          end
          world.signal("sighup")
          world.on_request(1, "GET", "/v1/status", "", "")
        end,
      },
      { 3, signal("sigterm") },
    }
    assert.are.equal("p.lua:1:1: error: x", status.policy.problem)
    assert.is_false(json.decode(world.replied[4]).policy.problem)
    local log = table.concat(world.lines, "\n")
    assert.is_truthy(
      log:find("error: p.lua: not taken over, the old policy stays:\np.lua:1:1", 1, true)
    )
    assert.is_truthy(log:find("info: p.lua: read again", 1, true))
  end)

  it("tells its status through the control socket", function()
    local status
    run {
      {
        2500,
        function()
          world.on_request(1, "GET", "/v1/status", "", "")
          status = json.decode(world.replied[4])
        end,
      },
      { 2501, signal("sigterm") },
    }
    assert.are.equal(812, status.pid)
    assert.are.equal(SOCKET, status.control)
    assert.are.equal("/home/u/p.lua", status.policy.file)
    assert.are.equal(2, status.uptime)
    assert.are.same({ "127.0.0.1:5453" }, status.listen)
  end)

  it("starts nothing with a policy that has mistakes", function()
    library.mistakes = setmetatable({}, {
      __tostring = function()
        return "p.lua:1:1: error: x"
      end,
    })
    local code, shown = run()
    assert.are.equal(4, code)
    assert.are.equal("p.lua:1:1: error: x\n", shown.stderr)
    assert.are.same({}, library.opened)
  end)

  it("says whose a live control socket is, and what to do", function()
    fake_cli.daemon(world, SOCKET, function()
      return 200, '{"pid":77,"policy":{"file":"other.lua"},"listen":["127.0.0.1:5453"]}'
    end)
    local code, shown = run()
    assert.are.equal(1, code)
    assert.are.same({}, library.opened)
    for _, text in ipairs {
      "pid 77",
      "other.lua",
      "127.0.0.1:5453",
      "kill 77",
      "--control",
      "--listen",
    } do
      assert.is_truthy(shown.stderr:find(text, 1, true), text)
    end
  end)

  it("does not take over a socket whose owner is mute", function()
    world.targets[SOCKET] = function() end
    local code, shown = run()
    assert.are.equal(1, code)
    assert.is_truthy(shown.stderr:find("does not say who it is", 1, true))
    assert.are.same({}, library.opened)
  end)

  it("closes the resolver again when the socket cannot be had", function()
    library.http_failure = { "/run/mlxresolve.sock: permission denied", "EACCES" }
    local code, shown = run()
    assert.are.equal(1, code)
    assert.are.equal(1, resolver.closed)
    assert.is_truthy(shown.stderr:find("permission denied", 1, true))
    assert.is_truthy(shown.stderr:find("--control PATH", 1, true))
  end)

  it("says that what stands in its socket's place is none", function()
    library.http_failure = { "/run/mlxresolve.sock: File exists", "EEXIST" }
    local code, shown = run()
    assert.are.equal(1, code)
    local text = "/run/mlxresolve.sock: File exists; it is no socket: remove it if nobody needs it"
    assert.is_truthy(shown.stderr:find(text, 1, true), shown.stderr)
  end)

  it("says who has its port", function()
    library.failure = { "127.0.0.1:5453: address already in use", "EADDRINUSE" }
    local code, shown = run(nil, { control = "/run/second.sock" })
    assert.are.equal(1, code)
    assert.is_truthy(shown.stderr:find("127.0.0.1:5453: address already in use", 1, true))
    assert.is_truthy(shown.stderr:find("ss -lnptu", 1, true))
    fake_cli.daemon(world, SOCKET, function()
      return 200, '{"pid":77,"policy":{"file":"other.lua"},"listen":["127.0.0.1:5453"]}'
    end)
    shown = select(2, run(nil, { control = "/run/second.sock" }))
    assert.is_truthy(shown.stderr:find("pid 77", 1, true))
  end)

  it("says what a low port needs", function()
    library.failure = { "127.0.0.1:53: permission denied", "EACCES" }
    local code, shown = run()
    assert.are.equal(1, code)
    assert.is_truthy(shown.stderr:find("need root", 1, true))
  end)
end)
