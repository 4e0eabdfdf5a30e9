--- Unicast DNS with real peers: unbound on another host, dig beside the program, servers that
--- misbehave.

local daemons = require("support.daemon")
local lan = require("support.lan")
local shell = require("support.shell")
local unbound = require("support.unbound")

local TEXT = ('"%s" '):format(("x"):rep(200))

local ZONE = ([[
www 60 IN A 192.0.2.80
www 60 IN AAAA 2001:db8::80
four 60 IN A 192.0.2.4
first 60 IN CNAME second
second 50 IN CNAME third
third 40 IN CNAME www
dangling 60 IN CNAME nowhere
mail 60 IN MX 10 www
_mlx._tcp 60 IN SRV 0 0 50051 www
middling 60 IN TXT %s
long 60 IN TXT %s
*.many 60 IN A 192.0.2.9
]]):format(TEXT:rep(4), TEXT:rep(20))

local net, dns

describe("DNS", function()
  setup(function()
    net = lan.open { "master", "dns1", "dns2" }
    dns = unbound.start(net, "dns1", "example.test", ZONE)
  end)
  teardown(function()
    net:close()
  end)

  local started = {}
  local function start(...)
    local one = daemons.start(net, "master", ...)
    started[#started + 1] = one
    return one
  end
  after_each(function()
    for _, one in ipairs(started) do
      one:stop()
    end
    started = {}
  end)

  --- A server that does what the first label of a name says, on the second host.
  local function bad_server()
    local server = net:spawn("dns2", {
      "env",
      "LUA_PATH=" .. package.path,
      "luajit",
      "spec/support/bad_server.lua",
      net:address("dns2"),
      "53",
    })
    server:wait_for("ready")
    return server
  end

  local UNBOUND =
    [[strategies = { use("dns", { zones = { "test" }, servers = { "10.99.0.12" } }) }]]

  describe("from another host", function()
    local daemon
    before_each(function()
      daemon = start(UNBOUND)
    end)

    it("answers A, AAAA and other types", function()
      assert.same({ "192.0.2.80" }, daemon:dig("www.example.test", "A").answers)
      assert.same({ "2001:db8::80" }, daemon:dig("www.example.test", "AAAA").answers)
      assert.same({ "10 www.example.test." }, daemon:dig("mail.example.test", "MX").answers)
      local service = daemon:dig("_mlx._tcp.example.test", "SRV")
      assert.same({ "0 0 50051 www.example.test." }, service.answers)
      local run, shown = daemon:query("www.example.test")
      assert.equal(0, run.code, run.err)
      assert.same(
        { "192.0.2.80", "2001:db8::80" },
        { shown.addresses[1].address, shown.addresses[2].address }
      )
      assert.equal("dns", shown.addresses[1].strategy)
    end)

    it(
      "answers over TCP, without EDNS and in the client's spelling [RFC 7766 5: over TCP]",
      function()
        local reply = daemon:dig("www.example.test", "A", "+tcp")
        assert.same({ "192.0.2.80" }, reply.answers)
        assert.matches("%(TCP%)", reply.text)
        reply = daemon:dig("WWW.Example.TEST", "A", "+noedns")
        assert.same({ "192.0.2.80" }, reply.answers)
        assert.same({ "WWW.Example.TEST. A" }, reply.owners)
        assert.is_nil(reply.text:find("OPT PSEUDOSECTION", 1, true))
      end
    )

    it("gives a chain of aliases whole, in order", function()
      local owners = {
        "first.example.test. CNAME",
        "second.example.test. CNAME",
        "third.example.test. CNAME",
        "www.example.test. A",
      }
      for _ = 1, 2 do -- from the server, then from the cache
        local reply = daemon:dig("first.example.test", "A")
        assert.same(owners, reply.owners)
        assert.equal("192.0.2.80", reply.answers[4])
      end
      local reply = daemon:dig("dangling.example.test", "A")
      assert.equal("NOERROR", reply.status) -- as unbound says
      assert.same({ "dangling.example.test. CNAME" }, reply.owners)
    end)

    it("tells names that do not exist from those without such a record", function()
      for _ = 1, 2 do
        local reply = daemon:dig("nobody.example.test", "A")
        assert.equal("NXDOMAIN", reply.status)
        assert.matches("IN%s+SOA%s+ns%.example%.test%.", reply.text)
        reply = daemon:dig("four.example.test", "AAAA")
        assert.equal("NOERROR", reply.status)
        assert.same({}, reply.answers)
        assert.matches("IN%s+SOA%s+ns%.example%.test%.", reply.text)
      end
      assert.equal(2, (daemon:query("nobody.example.test")).code)
      local run, shown = daemon:query("four.example.test", "AAAA")
      assert.equal(2, run.code)
      assert.equal("nodata", shown.status)
      run, shown = daemon:query("four.example.test")
      assert.equal(0, run.code)
      assert.equal(1, #shown.addresses)
    end)

    it("fetches over TCP what does not fit into a datagram, and tells its clients to", function()
      local streams = dns:count("num.query.tcp")
      local reply = daemon:dig("long.example.test", "TXT", "+ignore")
      assert.matches("flags: [%l ]*tc", reply.text)
      assert.same({}, reply.answers)
      assert.equal(streams + 1, dns:count("num.query.tcp"))
      reply = daemon:dig("long.example.test", "TXT") -- dig comes again over TCP
      assert.equal(1, #reply.answers)
      assert.equal(20 * #TEXT, #reply.answers[1] + 1)
      assert.equal(streams + 1, dns:count("num.query.tcp"))
    end)

    it("keeps to the size that a client can take", function()
      local whole = { "+bufsize=1232", "+bufsize=4096" }
      local cut = { "+noedns", "+bufsize=512", "+bufsize=100" }
      for _, option in ipairs(whole) do
        local reply = daemon:dig("middling.example.test", "TXT", "+ignore", option)
        assert.equal(1, #reply.answers, option)
      end
      for _, option in ipairs(cut) do
        local reply = daemon:dig("middling.example.test", "TXT", "+ignore", option)
        assert.matches("flags: [%l ]*tc", reply.text, option)
        local size = tonumber(reply.text:match("MSG SIZE%s+rcvd: (%d+)"))
        assert.is_true(size <= 512, option)
      end
    end)

    it("passes a server's failure on as SERVFAIL, with the reason", function()
      local reply = daemon:dig("www.broken.test", "A")
      assert.equal("SERVFAIL", reply.status)
      assert.equal("23 (Network Error): (dns: 10.99.0.12:53 said SERVFAIL)", reply.ede)
      local run, shown = daemon:query("www.broken.test", "A")
      assert.equal(3, run.code)
      assert.equal("error", shown.status)
      assert.matches("SERVFAIL", shown.error)
    end)

    it("counts the time to live down in its cache", function()
      local before = dns:count("total.num.queries")
      daemon:dig("www.example.test", "A")
      local reply = daemon:dig("www.example.test", "A")
      assert.is_true(reply.ttls[1] <= 60 and reply.ttls[1] >= 50)
      assert.equal(before + 1, dns:count("total.num.queries"))
    end)
  end)

  describe("with several servers", function()
    it("goes on to the next one when the first refuses connections", function()
      local daemon = start([[strategies = { use("dns", { zones = { "test" },
        servers = { "10.99.0.13:5300", "10.99.0.12" } }) }]])
      local _, shown = daemon:query("www.example.test", "A", "--trace")
      assert.equal("192.0.2.80", shown.addresses[1].address)
      assert.equal("10.99.0.13:5300: Connection refused", shown.trace[1].detail)
    end)

    it("goes on to the next one when nobody lives there, and asks that one last then", function()
      local daemon = start([[strategies = { use("dns", { zones = { "test" },
        attempt = "300ms", servers = { "10.99.0.99", "10.99.0.12" } }) }]])
      local _, shown = daemon:query("www.example.test", "A", "--trace")
      assert.equal("192.0.2.80", shown.addresses[1].address)
      assert.matches("^10%.99%.0%.99:53: ", shown.trace[1].detail)
      _, shown = daemon:query("four.example.test", "A", "--trace")
      assert.equal("192.0.2.4", shown.addresses[1].address)
      assert.is_false(shown.trace[1].detail)
    end)

    it("goes on to the next one when the first fails or talks rubbish", function()
      local server = bad_server()
      local daemon = start([[strategies = { use("dns", { zones = { "test" }, recheck = "1ms",
        attempt = "300ms", servers = { "10.99.0.13", "10.99.0.12" } }) }]])
      for _, name in ipairs { "servfail", "silent", "rubbish", "stranger", "forged", "cut" } do
        local _, shown = daemon:query(name .. ".many.example.test", "A", "--trace")
        assert.equal("192.0.2.9", shown.addresses[1] and shown.addresses[1].address, name)
        assert.matches("^10%.99%.0%.13:53[: ]", shown.trace[1].detail, name)
        server:wait_for("question " .. name)
      end
      local _, connections = server:output():gsub("connection\n", "")
      assert.is_true(connections >= 1 and connections <= 3, server:output())
      server:stop()
    end)
  end)

  describe("with the system's servers", function()
    local function resolv_conf(text)
      local path = net:folder() .. "/resolv.conf"
      shell.write(path, text)
      return path
    end
    local SYSTEM =
      [[strategies = { use("dns", { zones = { "test" }, servers = "system", attempt = "300ms" }) }]]

    local function serve(text, listen)
      local path = resolv_conf(text)
      return start(SYSTEM, { listen = listen, env = { MLXRESOLVE_RESOLV_CONF = path } }), path
    end

    it("asks those of resolv.conf, in both families", function()
      local daemon = serve("search example.test\nnameserver 10.99.0.12\n")
      assert.same({ "192.0.2.80" }, daemon:dig("www.example.test", "A").answers)
      daemon = serve("nameserver fd99::c\n", "127.0.0.1:5454")
      assert.same({ "192.0.2.80" }, daemon:dig("www.example.test", "A").answers)
    end)

    it("leaves its own listener out", function()
      for _, listen in ipairs { "127.0.0.1:53", "0.0.0.0:53" } do
        local daemon = serve("nameserver 127.0.0.1\nnameserver 10.99.0.12\n", listen)
        local target = { "@127.0.0.1", "-p", "53", "www.example.test", "A" }
        local run = net:exec("master", { "dig", "+short", "+tries=1", unpack(target) })
        assert.equal("192.0.2.80\n", run.out, listen)
        local _, shown = daemon:query("four.example.test", "A", "--trace")
        assert.is_false(shown.trace[1].detail, listen)
        assert.equal(0, daemon:status().queries.joined, listen)
        daemon:stop()
      end
    end)

    it("says that there is no server when only itself is named", function()
      local daemon = serve("nameserver 127.0.0.1\n", "127.0.0.1:53")
      local reply = daemon:dig("www.example.test", "A")
      assert.equal("SERVFAIL", reply.status)
      assert.matches("there is no server to ask", reply.ede)
    end)

    it("follows the file when it changes", function()
      local daemon, path = serve("nameserver 10.99.0.99\n")
      assert.equal("SERVFAIL", daemon:dig("www.example.test", "A").status)
      shell.write(path .. ".new", "nameserver 10.99.0.12\n")
      assert(os.rename(path .. ".new", path))
      assert.same({ "192.0.2.80" }, daemon:dig("www.example.test", "A").answers)
    end)
  end)

  it("asks a server once for 500 questions at the same time", function()
    local server = bad_server()
    local daemon =
      start([[strategies = { use("dns", { zones = { "test" }, servers = { "10.99.0.13" } }) }]])
    local run = net:exec("master", {
      "env",
      "LUA_PATH=" .. package.path,
      "LUA_CPATH=" .. package.cpath,
      "luajit",
      "spec/support/questions.lua",
      daemon.listen,
      "slow.test.",
      "500",
      "5",
    })
    assert.equal("500 replies\n192.0.2.53\n", run.out, run.err)
    local _, asked = server:output():gsub("question slow%.test", "")
    assert.equal(1, asked, server:output())
    server:stop()
  end)

  describe("behind a first strategy that goes wrong", function()
    local daemon
    local FIRST = [[
      deadline = "4s",
      strategies = {
        use { name = "mine", timeout = "200ms", zones = { "many.example.test" },
          resolve = function(self, query, ctx)
            local how = query.name:match("^%a+")
            if how == "fails" then
              return nil, "the cable is out", "EHOSTUNREACH"
            elseif how == "hangs" then
              ctx:sleep("1h")
            elseif how == "raises" then
              error("a mistake of mine")
            elseif how == "number" then
              return 42
            elseif how == "untrue" then
              return query:answer({ a = "no address" }, 60)
            elseif how == "spins" then
              return (function() local t = nil; return t.field end)()
            end
          end },
        use("dns", { zones = { "test" }, servers = { "10.99.0.12" } }),
      }]]

    -- how it goes wrong, and what the trace says of it
    local wrong = {
      { "fails", "failed", "^the cable is out$" },
      { "hangs", "timeout", "^no result within 200 ms$" },
      { "raises", "error", "policy%.lua:%d+: a mistake of mine$" },
      { "number", "error", "returned a number where an answer" },
      { "untrue", "error", "no address" },
      { "spins", "error", "attempt to index" },
    }
    for _, case in ipairs(wrong) do
      local name, result, detail = unpack(case)
      it("lets the next one answer, and says why: it " .. name, function()
        daemon = start(FIRST)
        local run, shown = daemon:query(name .. ".many.example.test", "A", "--trace")
        assert.equal(0, run.code, run.err)
        assert.equal("192.0.2.9", shown.addresses[1].address)
        assert.equal("dns", shown.addresses[1].strategy)
        assert.equal("mine", shown.trace[1].strategy)
        assert.equal(result, shown.trace[1].result)
        assert.matches(detail, shown.trace[1].detail)
        assert.equal("answer", shown.trace[2].result)
        local text = daemon:run(
          "query",
          "--control",
          daemon.control,
          "--fresh",
          "--trace",
          name .. ".many.example.test",
          "A"
        ).out
        assert.matches("mine +" .. result, text)
        assert.matches("dns +answer", text)
      end)
    end

    it("bypasses one that keeps raising errors, and says so", function()
      daemon = start(FIRST)
      for i = 1, 6 do
        daemon:dig(("raises%d.many.example.test"):format(i), "A")
      end
      local _, shown = daemon:query("raises7.many.example.test", "A", "--trace")
      assert.equal("192.0.2.9", shown.addresses[1].address)
      assert.equal("skipped", shown.trace[1].result)
      assert.equal("bypassed after errors", shown.trace[1].detail)
      assert.is_true(daemon:status().strategies[1].bypassed)
    end)
  end)
end)

describe("a policy with eight mistakes", function()
  it("gets eight reports with their places, and starts nothing", function()
    local file = "spec/policies/eight_mistakes.lua"
    local expected = shell.read("spec/policies/eight_mistakes.txt")
    for _, command in ipairs { "check", "run" } do
      local line = "build/mlxresolve %s %s 2>&1; echo ended with $?"
      local pipe = io.popen(line:format(command, file))
      local text = pipe:read("*a")
      pipe:close()
      assert.equal(expected .. "ended with 4\n", text)
    end
  end)
end)
