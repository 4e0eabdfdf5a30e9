--- What hostile input does to a running daemon: nothing that its clients notice.

local daemons = require("support.daemon")
local lan = require("support.lan")

local ROOM = 6 * 1024 -- KiB that it may have grown

-- With other builds, such as that with sanitizers, memory says nothing.
local is_release = not os.getenv("MLXR_BUILD")

local POLICY = [[
  deadline = "1s",
  cache = { size = "1MiB" },
  strategies = {
    use("localhost"),
    use("mdns", { zones = { "local" }, timeout = "300ms" }),
    use("dns", { zones = { "hostile.test" }, servers = { "10.99.0.12:5300" }, attempt = "100ms" }),
    use { name = "mine", zones = { "test" }, resolve = function(self, query)
      return query:answer({ a = "192.0.2.7" }, 60)
    end },
  },
]]

describe("a daemon under attack", function()
  local net, daemon
  before_each(function()
    net = lan.open { "master", "mini2" }
    daemon = daemons.start(net, "master", POLICY)
  end)
  after_each(function()
    net:close()
  end)

  local function attack(...)
    return {
      "env",
      "LUA_PATH=" .. package.path,
      "LUA_CPATH=" .. package.cpath,
      "luajit",
      "spec/support/attack.lua",
      ...,
    }
  end

  local function run(host, ...)
    local done = net:exec(host, attack(...), { timeout = 30 })
    assert.equal("done\n", done.out, done.err)
  end

  --- It answers as ever, has not grown, and ends as it should.
  local function assert_sound(before)
    for _, transport in ipairs { "+notcp", "+tcp" } do
      local reply = daemon:dig("sound.test", "A", transport)
      assert.same({ "192.0.2.7" }, reply.answers, reply.text)
    end
    local asked, shown = daemon:query("sound.test", "A")
    assert.equal(0, asked.code, asked.err)
    assert.equal("192.0.2.7", shown.addresses[1].address)
    local grown = daemon:memory() - before
    assert.is_true(grown < ROOM or not is_release, ("grown by %d KiB"):format(grown))
    assert.equal(0, daemon:stop(), daemon.process:output())
    for _, word in ipairs { "traceback", "Sanitizer", "attempt to" } do
      assert.is_nil(daemon.process:output():find(word, 1, true), daemon.process:output())
    end
  end

  it("survives datagrams that are no questions", function()
    run("master", "datagrams", daemon.listen, "500", "7")
    local before = daemon:memory()
    run("master", "datagrams", daemon.listen, "8000", "1")
    local dns = daemon:status().dns
    assert.is_true(dns.queries > 0)
    assert_sound(before)
  end)

  it("survives streams of rubbish, and connections that do not end", function()
    run("master", "streams", daemon.listen, "50", "7")
    local before = daemon:memory()
    run("master", "streams", daemon.listen, "600", "1")
    assert_sound(before)
  end)

  it("survives bad HTTP and half requests on its control socket", function()
    run("master", "control", daemon.control, "50", "7")
    local before = daemon:memory()
    run("master", "control", daemon.control, "600", "1")
    assert_sound(before)
  end)

  it("answers others while connections to its sockets stay half open", function()
    local before = daemon:memory()
    local idle = [[
      local uv = require "luv"
      local control, ip, port = arg[1], arg[2], tonumber(arg[3])
      for i = 1, 20 do
        local pipe, stream = uv.new_pipe(false), uv.new_tcp()
        pipe:connect(control, function() pipe:try_write("GET /v1/sta") end)
        stream:connect(ip, port, function() stream:try_write("\1") end)
      end
      local timer = uv.new_timer()
      timer:start(100, 0, function() print "ready" io.stdout:flush() end)
      uv.run()]]
    local file = net:folder() .. "/idle.lua"
    require("support.shell").write(file, idle)
    local words = { "env", "LUA_CPATH=" .. package.cpath, "luajit", file, daemon.control }
    words[#words + 1] = "127.0.0.1"
    words[#words + 1] = daemon.listen:match("%d+$")
    net:spawn("master", words):wait_for("ready")
    assert_sound(before)
  end)

  it("survives a server that answers with rubbish", function()
    net:spawn("mini2", attack("upstream", "10.99.0.12:5300", "0", "1")):wait_for("ready")
    run("master", "questions", daemon.listen, "200", "7")
    local before = daemon:memory()
    run("master", "questions", daemon.listen, "1500", "1")
    assert.is_true(daemon:status().strategies[3].tries >= 1500)
    assert_sound(before)
  end)

  it("survives neighbours that multicast rubbish", function()
    net:avahi("mini2", "mini2")
    assert.equal(0, (daemon:query("mini2.local")).code)
    run("mini2", "datagrams", "224.0.0.251:5353", "500", "7")
    local before = daemon:memory()
    run("mini2", "datagrams", "224.0.0.251:5353", "6000", "1")
    run("mini2", "datagrams", "10.99.0.11:5353", "2000", "2")
    local asked, shown = daemon:query("mini2.local", "A", "--fresh")
    assert.equal(0, asked.code, asked.err)
    assert.equal("10.99.0.12", shown.addresses[1].address)
    assert_sound(before)
  end)

  it("answers every question while its policy is read again and again", function()
    local mine = [[
      strategies = { use { name = "mine", resolve = function(self, query, ctx)
        ctx:sleep(%d)
        return query:answer({ a = "192.0.2.7" }, 60)
      end } },
      cache = { size = "1MiB" },]]
    daemon:write(mine:format(5))
    assert.equal(0, daemon:run("reload", "--control", daemon.control).code)
    run("master", "questions", daemon.listen, "300", "7")
    local before = daemon:memory()
    local asking = net:spawn("master", attack("questions", daemon.listen, "3000", "1"))
    local reloads = 0
    repeat
      daemon:write(mine:format(reloads % 2 == 0 and 3 or 5))
      net:switch("kill -HUP " .. daemon.pid)
      reloads = reloads + 1
      net:exec("master", { "sleep", "0.02" })
    until not asking:is_running() or reloads > 500
    assert.equal("done\n", asking:output())
    assert.is_true(daemon:status().generation > 5)
    assert_sound(before)
  end)
end)
