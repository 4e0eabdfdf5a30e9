--- The program as its users run it: real processes, real sockets, on loopback and in a folder of
--- its own.

local core = require("mlxresolve.core")
local json = require("mlxresolve.json")
local shell = require("support.shell")
local uv = require("luv")

local PATIENCE = 10e3 -- ms; only a failing spec waits that long

local POLICY = [[
local mlx = require "mlxresolve"
local use = mlx.use

return mlx.policy {
  deadline = "300ms",
  strategies = {
    use("literal"),
    use("localhost"),
    use { name = "mine", zones = { "test" }, resolve = function(self, query, ctx)
      if query.name == "slow.test." then
        ctx:sleep(5000)
      elseif query.name == "broken.test." then
        return nil, "the cable is out", "EHOSTUNREACH"
      elseif query.name == "host.test." then
        return query:answer({ a = "192.0.2.7", srv = "0 0 80 host.test." }, 60)
      elseif query.name == "gone.test." then
        return query:nxdomain()
      end
    end },
  },
}
]]

describe("the program", function()
  local root = uv.cwd()
  local program, folder, daemons

  before_each(function()
    program = root .. "/build/mlxresolve"
    folder, daemons = shell.temp_folder(), {}
    shell.write(folder .. "/p.lua", POLICY)
  end)

  local function run_until(is_done, what)
    -- ticks, since what `is_done` asks other processes wakes no loop of ours
    local guard, is_late, ends = uv.new_timer(), false, uv.hrtime() + PATIENCE * 1e6
    guard:start(20, 20, function()
      is_late = uv.hrtime() > ends
    end)
    while not is_done() and not is_late do
      uv.run("once")
    end
    guard:close()
    assert.is_false(is_late, "waited in vain for " .. what)
  end

  after_each(function()
    for _, daemon in ipairs(daemons) do
      if not daemon.code then
        daemon.handle:kill("sigkill")
      end
      run_until(function()
        return daemon.code ~= nil
      end, "the end of a daemon")
      daemon.handle:close()
    end
    uv.run()
    shell.remove_folder(folder)
  end)

  --- Runs the program to its end: { code, out, err }.
  local function run(...)
    local out, err = folder .. "/out", folder .. "/err"
    local line = ("cd %s && %s >%s 2>%s </dev/null"):format(
      shell.quote(folder),
      shell.command { program, ... },
      shell.quote(out),
      shell.quote(err)
    )
    local status = os.execute(line)
    return { code = math.floor(status / 256), out = shell.read(out), err = shell.read(err) }
  end

  local function says(text, part)
    assert.is_truthy(text:find(part, 1, true), ("%q does not say %q"):format(text, part))
  end

  --- Starts a process; `process.out` and `process.err` grow, `process.code` comes at its end.
  local function start(...)
    local process = { out = "", err = "", code = nil }
    local pipes = { out = uv.new_pipe(false), err = uv.new_pipe(false) }
    process.handle = assert(uv.spawn(program, {
      args = { ... },
      cwd = folder,
      stdio = { nil, pipes.out, pipes.err },
    }, function(code)
      process.code = code
    end))
    for name, pipe in pairs(pipes) do
      pipe:read_start(function(_, data)
        process[name] = process[name] .. (data or "")
        if not data then
          pipe:close()
        end
      end)
    end
    daemons[#daemons + 1] = process
    return process
  end

  --- Starts a daemon and waits until it is ready; `daemon.ready` is what it announced.
  local function serve(...)
    local daemon = start("run", "p.lua", "--json", "--control", "s", "--listen", "127.0.0.1:0", ...)
    run_until(function()
      return daemon.code or daemon.out:find("\n", 1, true)
    end, "the daemon to be ready")
    assert.is_nil(daemon.code, daemon.err)
    daemon.ready = json.decode(daemon.out:match("^[^\n]*"))
    return daemon
  end

  local function stop(daemon, signal)
    local before = uv.hrtime()
    daemon.handle:kill(signal)
    run_until(function()
      return daemon.code
    end, "the daemon to end")
    return (uv.hrtime() - before) / 1e6
  end

  it("gives help and its version", function()
    for _, word in ipairs { "--help", "help" } do
      local done = run(word)
      assert.are.equal(0, done.code)
      says(done.out, "Usage: mlxresolve")
      assert.are.equal("", done.err)
    end
    says(run("--version").out, "mlxresolve " .. core.version)
  end)

  it("ends with 1 for words that it does not understand", function()
    local done = run("qeury", "a")
    assert.are.equal(1, done.code)
    assert.are.equal("", done.out)
    says(done.err, "Did you mean 'query'?")
    assert.are.equal(1, run().code)
    assert.are.equal(1, run("query", "host.test", "NOTYPE").code)
  end)

  it("checks policies, and ends with 4 for mistakes", function()
    assert.are.same(
      { code = 0, out = "p.lua: ok (3 strategies)\n", err = "" },
      run("check", "p.lua")
    )
    shell.write(folder .. "/bad.lua", (POLICY:gsub("deadline", "daedline")))
    local done = run("check", "p.lua", "bad.lua")
    assert.are.equal(4, done.code)
    says(done.err, "bad.lua:5:3: error: ")
    says(done.err, "did you mean 'deadline'?")
    for _, command in ipairs { { "run", "bad.lua" }, { "query", "a", "--policy", "bad.lua" } } do
      done = run(unpack(command))
      assert.are.equal(4, done.code)
      says(done.err, "bad.lua:5:3: error: ")
    end
  end)

  it("runs a policy here, and tells outcomes apart by the exit code", function()
    local outcomes = { host = 0, gone = 2, nobody = 2, slow = 3, broken = 3 }
    for name, code in pairs(outcomes) do
      local done = run("query", name .. ".test", "--policy", "p.lua")
      assert.are.equal(code, done.code, name .. ": " .. done.err)
    end
    says(run("query", "slow.test", "--policy", "p.lua").err, "no answer in time")
    says(run("query", "broken.test", "--policy", "p.lua").err, "the cable is out")
  end)

  it("prints aligned text into a pipe, JSON when asked", function()
    local done = run("query", "host.test", "--policy", "p.lua")
    local fields = {}
    for word in done.out:gmatch("%S+") do
      fields[#fields + 1] = word
    end
    assert.are.same({ "host.test", "192.0.2.7", "-", "mine" }, { unpack(fields, 1, 4) })
    assert.are.equal("60s", fields[6])
    local shown = json.decode(run("query", "host.test", "--policy", "p.lua", "--json").out)
    for _, field in ipairs { "name", "type", "status", "addresses", "ms", "cached", "stale" } do
      assert.is_not_nil(shown[field], field)
    end
    assert.are.equal("A+AAAA", shown.type)
    assert.are.same({
      address = "192.0.2.7",
      family = "ipv4",
      interface = false,
      ttl = 60,
      strategy = "mine",
    }, shown.addresses[1])
    shown = json.decode(run("query", "gone.test", "--policy", "p.lua", "--json").out)
    assert.are.equal("nxdomain", shown.status)
  end)

  it("prints one object for each type that is named", function()
    local done = run("--json", "query", "host.test", "SRV", "a", "TXT", "--policy", "p.lua")
    assert.are.equal(0, done.code)
    local shown = {}
    for line in done.out:gmatch("[^\n]+") do
      local object = json.decode(line)
      shown[#shown + 1] = object.type .. " " .. object.status
    end
    assert.are.same({ "SRV answer", "A answer", "TXT nodata" }, shown)
  end)

  it("shows every try with its reason", function()
    local done = run("query", "broken.test", "A", "--policy", "p.lua", "--trace")
    assert.is_truthy(done.out:find("literal +pass"))
    assert.is_truthy(done.out:find("mine +failed .*the cable is out"), done.out)
  end)

  it("colours on a terminal only, and not with NO_COLOR", function()
    local command = shell.command { program, "query", "host.test", "--policy", folder .. "/p.lua" }
    local function on_terminal(environment)
      local pipe = io.popen(
        ("env -u NO_COLOR TERM=xterm %s script -qec %s /dev/null </dev/null"):format(
          environment,
          shell.quote(command)
        )
      )
      local text = pipe:read("*a")
      pipe:close()
      return text
    end
    local text = on_terminal("")
    says(text, "\27[32m192.0.2.7\27[0m")
    says(text, "ADDRESS")
    text = on_terminal("NO_COLOR=1")
    says(text, "ADDRESS")
    assert.is_nil(text:find("\27", 1, true))
    assert.is_nil(on_terminal("TERM=dumb"):find("ADDRESS", 1, true))
  end)

  it("ends with 5 where no daemon is, and runs the example when none was named", function()
    for _, command in ipairs {
      { "query", "host.test", "--control", "nowhere" },
      { "status", "--control", "nowhere" },
      { "cache", "flush", "--control", "nowhere" },
      { "reload", "--control", "nowhere" },
    } do
      local done = run(unpack(command))
      assert.are.equal(5, done.code)
      says(done.err, "no daemon at " .. folder .. "/nowhere")
    end
  end)

  it("serves queries, status and DNS until SIGTERM", function()
    local daemon = serve()
    assert.are.equal("ready", daemon.ready.event)
    local done = run("query", "host.test", "--control", "s")
    assert.are.equal(0, done.code)
    assert.are.equal("", done.err)
    says(done.out, "192.0.2.7")
    assert.are.equal(2, run("query", "gone.test", "--control", "s").code)
    assert.are.equal(3, run("query", "slow.test", "--control", "s").code)

    local status = json.decode(run("status", "--control", "s", "--json").out)
    assert.are.equal(daemon.handle:get_pid(), status.pid)
    assert.are.equal(folder .. "/p.lua", status.policy.file)
    assert.are.same(daemon.ready.listen, status.listen)
    says(run("status", "--control", "s").out, "mine")

    local port = tonumber(status.listen[1]:match(":(%d+)$"))
    local question = { id = 7, recursion_desired = true }
    question.questions = { { name = "host.test.", type = "A", class = "IN" } }
    local udp, reply = uv.new_udp(), nil
    udp:send(core.wire.encode(question), "127.0.0.1", port, function() end)
    udp:recv_start(function(_, data)
      reply = data or reply
    end)
    run_until(function()
      return reply
    end, "an answer over DNS")
    udp:close()
    assert.are.equal("192.0.2.7", core.wire.decode(reply).answers[1].data)

    assert.is_true(stop(daemon, "sigterm") < 1000)
    assert.are.equal(0, daemon.code)
    assert.is_nil(uv.fs_stat(folder .. "/s"))
    assert.are.equal(5, run("query", "host.test", "--control", "s").code)
  end)

  it("ends within a second with a query under way, and tells its client", function()
    shell.write(folder .. "/p.lua", (POLICY:gsub('"300ms"', '"10s"')))
    local daemon = serve()
    local query = start("query", "slow.test", "--control", "s")
    run_until(function()
      local status = json.decode(run("status", "--control", "s", "--json").out)
      uv.run("nowait")
      return status.queries.under_way > 0
    end, "the query to be under way")
    assert.is_true(stop(daemon, "sigterm") < 1000)
    run_until(function()
      return query.code
    end, "the client to end")
    assert.are.equal(5, query.code, query.err)
    says(query.err, "cannot be asked")
  end)

  it("ends with 130 when it is interrupted", function()
    local daemon = serve()
    stop(daemon, "sigint")
    assert.are.equal(130, daemon.code)
    shell.write(folder .. "/p.lua", (POLICY:gsub('"300ms"', '"10s"')))
    local query = start("query", "slow.test", "--policy", "p.lua")
    -- Whether it is still starting or waits already, the code has to be the same.
    local timer = uv.new_timer()
    timer:start(300, 0, function()
      query.handle:kill("sigint")
      timer:close()
    end)
    run_until(function()
      return query.code
    end, "the query to end")
    assert.are.equal(130, query.code)
  end)

  it("drops what the cache knows", function()
    serve()
    run("query", "host.test", "A", "--control", "s")
    local shown = json.decode(run("query", "host.test", "A", "--control", "s", "--json").out)
    assert.is_true(shown.cached)
    assert.are.equal("1 entry dropped\n", run("cache", "flush", "host.test", "--control", "s").out)
    shown = json.decode(run("query", "host.test", "A", "--control", "s", "--json").out)
    assert.is_false(shown.cached)
    assert.are.equal(1, run("cache", "flush", "a..b", "--control", "s").code)
  end)

  it("lists what the cache knows, and flushes by the same options", function()
    serve()
    run("query", "host.test", "A", "--control", "s")
    local function names(...)
      local done = run("cache", "ls", "--control", "s", "--json", ...)
      assert.are.equal(0, done.code, done.err)
      local list = {}
      for line in done.out:gmatch("[^\n]+") do
        local entry = json.decode(line)
        list[#list + 1] = entry.name .. " " .. entry.type .. " " .. entry.status
      end
      return list
    end
    local all = { "host.test. A answer" }
    assert.are.same(all, names())
    assert.are.same(all, names("host.test"))
    assert.are.same(all, names("*.test", "--type", "a"))
    assert.are.same({}, names("*.test", "--type", "AAAA"))
    assert.are.same({}, names("--older-than", "1h"))
    says(run("cache", "ls", "--control", "s").out, "host.test  A  answer")
    says(run("cache", "ls", "--strategy", "nobody", "--control", "s").err, "no strategy")
    local flush = { "cache", "flush", "--control", "s", "*.test", "--older-than", "1h" }
    assert.are.equal("0 entries dropped\n", run(unpack(flush)).out)
    assert.are.equal("1 entry dropped\n", run("cache", "flush", "*.test", "--control", "s").out)
    assert.are.same({}, names())
  end)

  it("reads its policy again on reload and SIGHUP, and keeps the old one on mistakes", function()
    local daemon = serve()
    local function address()
      local done = run("query", "host.test", "A", "--control", "s", "--fresh", "--json")
      return json.decode(done.out).addresses[1].address
    end
    assert.are.equal("192.0.2.7", address())
    shell.write(folder .. "/p.lua", (POLICY:gsub("192.0.2.7", "192.0.2.8")))
    assert.are.equal(0, run("reload", "--control", "s").code)
    assert.are.equal("192.0.2.8", address())

    shell.write(folder .. "/p.lua", (POLICY:gsub("strategies", "stratgeies")))
    local done = run("reload", "--control", "s")
    assert.are.equal(4, done.code)
    says(done.err, "p.lua:6:3: error: ")
    says(run("status", "--control", "s").out, "has mistakes")
    assert.are.equal("192.0.2.8", address())

    shell.write(folder .. "/p.lua", (POLICY:gsub("192.0.2.7", "192.0.2.9")))
    daemon.handle:kill("sighup")
    run_until(function()
      uv.run("nowait")
      return address() == "192.0.2.9"
    end, "SIGHUP to take effect")
    assert.is_nil(run("status", "--control", "s").out:find("has mistakes", 1, true))
  end)

  it("says whose the socket or the port is that it wants", function()
    local daemon = serve()
    local pid = tostring(daemon.handle:get_pid())
    local done = run("run", "p.lua", "--control", "s", "--listen", "127.0.0.1:0")
    assert.are.equal(1, done.code)
    says(done.err, "pid " .. pid)
    says(done.err, daemon.ready.listen[1])
    says(done.err, "--control PATH")
    done = run("run", "p.lua", "--control", "t", "--listen", daemon.ready.listen[1])
    assert.are.equal(1, done.code)
    says(done.err, daemon.ready.listen[1])
    says(done.err, "--listen ADDRESS:PORT")
    assert.is_nil(uv.fs_stat(folder .. "/t"))
    assert.are.equal(0, run("status", "--control", "s").code)
  end)

  it("takes over the socket of a daemon that was killed", function()
    stop(serve(), "sigkill")
    assert.is_truthy(uv.fs_stat(folder .. "/s"))
    serve()
    assert.are.equal(0, run("query", "host.test", "--control", "s").code)
  end)

  it("runs from where it was installed, from any folder", function()
    local place = folder .. "/usr"
    assert.are.equal(
      0,
      os.execute(
        ("cmake --install build --prefix %s >%s 2>&1"):format(
          shell.quote(place),
          shell.quote(folder .. "/log")
        )
      ),
      shell.read(folder .. "/log")
    )
    os.execute(("ln -s usr/bin/mlxresolve %s/link"):format(shell.quote(folder)))
    program = folder .. "/link"
    local done = run("query", "host.test", "--policy", "p.lua")
    assert.are.equal(0, done.code, done.err)
    says(done.out, "192.0.2.7")
    local example = place .. "/share/lua/5.1/mlxresolve/examples/home.lua"
    assert.are.equal(0, run("check", example).code)
    local daemon = serve()
    assert.are.equal(0, run("query", "localhost", "--control", "s").code)
    stop(daemon, "sigterm")
    assert.are.equal(0, daemon.code)
  end)

  it("runs nothing that lies in the folder where it was started", function()
    shell.write(folder .. "/argparse.lua", "error 'a stranger was run'")
    shell.write(folder .. "/cjson.lua", "error 'a stranger was run'")
    assert.are.equal(0, run("query", "host.test", "--policy", "p.lua").code)
  end)
end)
