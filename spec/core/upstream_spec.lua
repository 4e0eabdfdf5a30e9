local core = require("mlxresolve.core")
local dns_server = require("support.dns_server")
local faults = require("support.faults")
local netns = require("support.netns")
local reply = require("support.reply")

local GOOD = { address = "192.0.2.1" }
local BAD = { address = "192.0.2.66" }
local GOOD_BYTES, BAD_BYTES = "\192\0\2\1", "\192\0\2\66"

local FLAG_TCP, FLAG_NO_EDNS, FLAG_NO_RECURSION = 1, 2, 4

describe("core.upstream", function()
  local client, servers

  before_each(function()
    client, servers = dns_server.client(), {}
  end)
  after_each(function()
    for _, server in ipairs(servers) do
      server:close()
    end
    client:close()
  end)

  local function closing(server, other)
    servers[#servers + 1] = server
    servers[#servers + 1] = other
    return server, other
  end

  local function udp(on_query, ip)
    return (closing(dns_server.udp(on_query, 0, ip)))
  end

  --- A server that answers every query.
  local function good_server(ip)
    return udp(function(query, peer, server)
      server:send(reply.to(query, GOOD), peer)
    end, ip)
  end

  local function silent_server()
    return udp(function() end)
  end

  local function assert_good(result)
    assert.equal(0, result.status, result.ttl)
    assert.is_truthy(result.answer:find(GOOD_BYTES, 1, true))
    assert.is_nil(result.answer:find(BAD_BYTES, 1, true))
  end

  it("brings the answer", function()
    local result = client:ask(good_server(), "www.example.com")
    assert_good(result)
    assert.same({ 60, 0 }, { result.ttl, result.rcode })
  end)

  it("asks over IPv6", function()
    assert_good(client:ask(good_server("::1"), "www.example.com"))
  end)

  it("gives the same server the same number, port 53 when there is none", function()
    local upstream = client.upstream
    local number = upstream:server("192.0.2.1")
    assert.equal(number, upstream:server("192.0.2.1:53"))
    assert.not_equal(number, upstream:server("192.0.2.1:54"))
    assert.equal("ETEXT", select(3, upstream:server("not an address")))
  end)

  it("sends what the flags say", function()
    local server = good_server()
    client:ask(server, "a.test", { flags = FLAG_NO_EDNS + FLAG_NO_RECURSION })
    local query = server.queries[1].query
    assert.is_false(reply.has_edns(query))
    assert.equal(0, reply.read_u16(query, 3))
  end)

  describe("under spoofing [RFC 5452 9.1: matching]", function()
    local other, stranger
    before_each(function()
      other = udp(function() end)
      stranger = udp(function() end, "127.0.0.2")
    end)
    local wrong_question = reply.name("evil.test") .. "\0\1\0\1"

    local kinds = {
      ["20 wrong IDs"] = function(query, peer, server)
        local id = reply.read_u16(query, 1)
        for i = 1, 20 do
          local wrong = { address = BAD.address, id = (id + i * 7) % 65536 }
          server:send(reply.to(query, wrong), peer)
        end
      end,
      ["a wrong question"] = function(query, peer, server)
        local wrong = { address = BAD.address, question = wrong_question }
        server:send(reply.to(query, wrong), peer)
      end,
      ["a wrong source port"] = function(query, peer)
        other:send(reply.to(query, BAD), peer)
      end,
      ["a wrong source address"] = function(query, peer)
        stranger:send(reply.to(query, BAD), peer)
      end,
      ["QR=0"] = function(query, peer, server)
        server:send(reply.to(query, { address = BAD.address, flags = 0x0100 }), peer)
      end,
      ["garbage with the right ID"] = function(query, peer, server)
        server:send(query:sub(1, 2) .. "\255\255\255\255\255\255\255\255\255\255", peer)
      end,
      ["no bytes at all"] = function(_, peer, server)
        server:send("", peer)
      end,
      ["1 to 11 bytes"] = function(query, peer, server)
        for len = 1, 11 do
          server:send(reply.to(query, BAD):sub(1, len), peer)
        end
      end,
      ["an answer that is cut off"] = function(query, peer, server)
        server:send(reply.to(query, BAD):sub(1, -3), peer)
      end,
    }
    for kind, attack in pairs(kinds) do
      it("delivers the true answer after " .. kind, function()
        local sent_at
        local server = udp(function(query, peer, self)
          attack(query, peer, self)
          dns_server.after(30, function()
            sent_at = core.now()
            self:send(reply.to(query, GOOD), peer)
          end)
        end)
        local result = client:ask(server, "www.example.com")
        assert_good(result)
        assert.is_true(result.at - sent_at < 35, result.at - sent_at)
        assert.equal(1, #server.queries)
      end)
    end

    it("counts what it ignored", function()
      local server = udp(function(query, peer, self)
        kinds["20 wrong IDs"](query, peer, self)
        self:send(reply.to(query, GOOD), peer)
      end)
      assert_good(client:ask(server, "www.example.com"))
      assert.equal(20, client.upstream:stats().ignored)
    end)

    it("heard strangers who sent before their port was connected", function()
      if faults.missing() then
        return pending(faults.missing())
      end
      local out = faults.check([[
        local core = require "mlxresolve.core"
        local dns_server = require "support.dns_server"
        local reply = require "support.reply"
        local server = dns_server.udp(function(query, peer, self)
          self:send(reply.to(query, { address = "192.0.2.1" }), peer)
        end)
        ffi.C.mlxt_intrude()
        for fresh_rate = 1, 3, 2 do -- above it ports are shared
          local client = dns_server.client { fresh_rate = fresh_rate }
          for i = 1, 2 do
            print(client:ask(server, "n" .. i .. ".test").status, client.upstream:stats().ignored)
          end
          client:close()
        end
        server:close()
        require("support.dns_client").wait(function() end, 0)
      ]])
      assert.equal(("0\t0\n"):rep(4), out)
    end)

    it("does not hear a server that answers from another address", function()
      local server = udp(function(query, peer)
        stranger:send(reply.to(query, GOOD), peer)
      end)
      local result = client:ask(server, "www.example.com", { timeout = 60 })
      assert.equal("ETIMEOUT", result.ttl)
    end)
  end)

  it(
    "asks 500 questions from as many ports with as many IDs" .. " [RFC 5452 9.2: unpredictable]",
    function()
      local server = good_server()
      local slots = {}
      for i = 1, 500 do
        slots[i] = assert(client:start(server, ("n%d.test"):format(i)))
      end
      assert.is_true(client:run(function()
        return client.count == 500
      end, 5000))
      for _, slot in ipairs(slots) do
        assert_good(client.results[slot])
      end
      local ports = server:distinct(function(query)
        return query.port
      end)
      local ids = server:distinct(function(query)
        return query.query:sub(1, 2)
      end)
      assert.is_true(ports >= 490, ports)
      assert.is_true(ids >= 490, ids) -- 498 on average
      assert.equal(500, client.upstream:stats().ports)
    end
  )

  describe("above the rate", function()
    --- Asks for `ms`, a few at a time; the queries that the server saw.
    local function ask_for(server, ms, options)
      local until_, i = core.now() + ms, client.count
      while core.now() < until_ do
        for _ = 1, 8 do
          i = i + 1
          assert(client:start(server, ("n%d.test"):format(i), options))
        end
        client:run(function()
          return client.count == i
        end, 1000)
      end
      assert.equal(i, client.count)
      return server.queries
    end

    before_each(function()
      client:close()
      client = dns_server.client { fresh_rate = 100 }
    end)

    it(
      "shares at least 64 ports, none of them for longer than a second"
        .. " [RFC 5452 9.2: unpredictable]",
      function()
        local now = 1000000
        client:close()
        client = dns_server.client({ fresh_rate = 100 }, function()
          return now
        end)
        local server = good_server()
        -- A port may be drawn again at once by chance; the number of sockets tells its lives apart.
        local opened, born, recent, ports = 0, {}, {}, 0
        for i = 1, 3400 do
          now = now + 0.5
          client:ask(server, ("n%d.test"):format(i))
          local port = server.queries[i].port
          if client.upstream:stats().ports > opened then
            opened, born[port] = opened + 1, now
          end
          assert.is_true(now - born[port] <= 1000, now - born[port])
          if i > 1400 and not recent[port] then
            recent[port], ports = true, ports + 1
          end
        end
        assert.equal(opened, client.upstream:stats().ports)
        assert.is_true(ports >= 64, ports)
        assert.is_true(opened > 100 + 64 and opened < 3400 / 4, opened)
      end
    )

    it("tells many questions on one socket apart by ID and question", function()
      local waiting = {}
      local server = udp(function(query, peer, self)
        waiting[#waiting + 1] = { query = query, peer = peer }
        if #waiting == 2000 then
          for i = #waiting, 1, -1 do -- answers in the opposite order, each its own
            local item = waiting[i]
            local n = tonumber(item.query:sub(13):match("n(%d+)"))
            local address = ("10.1.%d.%d"):format(math.floor(n / 256), n % 256)
            dns_server.after(math.floor((#waiting - i) / 50), function()
              self:send(reply.to(item.query, { address = address }), item.peer)
            end)
          end
        end
      end)
      local slots = {}
      for i = 1, 2000 do
        slots[i] = assert(client:start(server, ("n%d.test"):format(i), { timeout = 5000 }))
        if i % 50 == 0 then
          client:run(function()
            return #server.queries == i
          end, 1000)
        end
      end
      assert.is_true(client:run(function()
        return client.count == 2000
      end, 5000))
      for i, slot in ipairs(slots) do
        local mine = string.char(10, 1, math.floor(i / 256), i % 256)
        assert.is_truthy(client.results[slot].answer:find(mine, 1, true))
      end
      assert.is_true(client.upstream:stats().ports < 400)
    end)

    it("closes the shared sockets when the load is over", function()
      local server = good_server()
      repeat -- a hundred ports of their own, then shared ones
        ask_for(server, 20)
      until client.upstream:stats().ports >= 155
      local function open_files()
        local count = 0
        for _ in io.popen("ls /proc/" .. require("luv").os_getpid() .. "/fd"):lines() do
          count = count + 1
        end
        return count
      end
      local busy = open_files()
      client:run(function()
        return false
      end, 1400)
      assert.is_true(open_files() <= busy - 50)
      local _, deadline = client.upstream:step(core.now(), {})
      assert.is_nil(deadline)
    end)
  end)

  it("times out on time when the server is silent", function()
    local server = silent_server()
    local started = core.now()
    local result = client:ask(server, "a.test", { timeout = 150 })
    local ms = core.now() - started
    assert.equal("ETIMEOUT", result.ttl)
    assert.is_true(result.status < 0)
    assert.is_true(ms >= 149 and ms < 200, ms)
    assert.is_true(result.ms >= 149 and result.ms < 200, result.ms)
    assert.equal(2, #server.queries) -- at 0 and 90; the next one would be too late
    assert.equal(server.queries[1].port, server.queries[2].port)
  end)

  it("gets the answer to a retransmission", function()
    local server = udp(function(query, peer, self)
      if #self.queries == 2 then
        self:send(reply.to(query, GOOD), peer)
      end
    end)
    assert_good(client:ask(server, "a.test", { timeout = 300 }))
  end)

  it("fails at once when the port is refused", function()
    local result = client:ask(dns_server.closed_port(), "a.test")
    assert.equal("ECONNREFUSED", result.ttl)
    assert.is_true(result.ms < 50, result.ms)
  end)

  it("fails at once for all questions on a socket that is refused", function()
    client:close()
    client = dns_server.client { fresh_rate = 1 }
    local address = dns_server.closed_port()
    for i = 1, 300 do
      assert(client:start(address, ("n%d.test"):format(i), { timeout = 2000 }))
    end
    assert.is_true(client:run(function()
      return client.count == 300
    end, 1000))
    for _, result in pairs(client.results) do
      assert.equal("ECONNREFUSED", result.ttl)
    end
    assert.equal(0, client.upstream:stats().pending)
  end)

  it("answers other servers while one refuses", function()
    local server, address = good_server(), dns_server.closed_port()
    local good = assert(client:start(server, "a.test"))
    local bad = assert(client:start(address, "a.test"))
    client:run(function()
      return client.count == 2
    end, 1000)
    assert_good(client.results[good])
    assert.equal("ECONNREFUSED", client.results[bad].ttl)
  end)

  it("asks without EDNS a server that does not know it [RFC 6891 7: without EDNS]", function()
    local server = udp(function(query, peer, self)
      local options = reply.has_edns(query) and { rcode = reply.FORMERR } or GOOD
      self:send(reply.to(query, options), peer)
    end)
    assert_good(client:ask(server, "a.test"))
    assert.equal(2, #server.queries)
    assert.equal(server.queries[1].port, server.queries[2].port)
  end)

  describe("over TCP", function()
    local function truncating(query, peer, server)
      server:send(reply.to(query, { address = BAD.address, truncated = true }), peer)
    end

    local function both(handlers)
      return closing(dns_server.both(truncating, handlers))
    end

    it("asks the same server after a truncated reply [RFC 2181 9: truncation]", function()
      local server, stream = both {
        on_bytes = dns_server.framed(function(query)
          return reply.to(query, GOOD)
        end),
      }
      assert_good(client:ask(server, "a.test"))
      assert.equal(1, stream.connections)
      assert.equal(1, client.upstream:stats().tcp)
    end)

    it("begins there when asked to", function()
      local server = both {
        on_bytes = dns_server.framed(function(query)
          return reply.to(query, GOOD)
        end),
      }
      assert_good(client:ask(server, "a.test", { flags = FLAG_TCP }))
      assert.equal(0, #server.queries)
    end)

    it("reads a reply that comes a byte at a time [RFC 1035 4.2.2: TCP messages]", function()
      local server = both {
        on_bytes = function(bytes, stream)
          local packet = reply.to(bytes:sub(3), GOOD)
          local framed, at = reply.u16(#packet) .. packet, 0
          local function send_next()
            at = at + 1
            if at <= #framed and not stream:is_closing() then
              stream:write(framed:sub(at, at))
              dns_server.after(1, send_next)
            end
          end
          send_next()
        end,
      }
      assert_good(client:ask(server, "a.test"))
    end)

    it("reads the largest reply there is", function()
      local addresses = {}
      for i = 1, 4000 do
        addresses[i] = ("10.0.%d.%d"):format(math.floor(i / 256), i % 256)
      end
      local server = both {
        on_bytes = dns_server.framed(function(query)
          return reply.to(query, { addresses = addresses })
        end),
      }
      local result = client:ask(server, "a.test")
      assert.equal(0, result.status)
      assert.is_true(#result.answer >= 64000)
    end)

    it("skips empty and foreign messages on the connection", function()
      local server = both {
        on_bytes = function(bytes, stream)
          local query = bytes:sub(3)
          local id = (reply.read_u16(query, 1) + 1) % 65536
          for _, packet in ipairs {
            "",
            "\1\2\3",
            reply.to(query, { address = BAD.address, id = id }),
            reply.to(query, GOOD),
          } do
            stream:write(reply.u16(#packet) .. packet)
          end
        end,
      }
      assert_good(client:ask(server, "a.test"))
    end)

    it("connects three times at most to a server that accepts and closes", function()
      local server, stream = both {
        on_connect = function(stream)
          stream:close()
        end,
      }
      local result = client:ask(server, "a.test")
      assert.equal("ECONNRESET", result.ttl)
      assert.is_true(result.ms < 200)
      assert.equal(3, stream.connections)
    end)

    it("fails at once when nobody listens there", function()
      local server = udp(truncating)
      local result = client:ask(server, "a.test")
      assert.equal("ECONNREFUSED", result.ttl)
    end)

    it("times out when the server accepts and says nothing", function()
      local server, stream = both { on_bytes = function() end }
      local result = client:ask(server, "a.test", { timeout = 100 })
      assert.equal("ETIMEOUT", result.ttl)
      assert.is_true(result.ms >= 99 and result.ms < 160, result.ms)
      assert.equal(1, stream.connections)
    end)

    it("gives more questions than connections their turn", function()
      local open, most = 0, 0
      local server = both {
        on_connect = function(stream)
          open = open + 1
          most = math.max(most, open)
          local got = ""
          stream:read_start(function(_, bytes)
            got = got .. (bytes or "")
            if bytes and #got >= 2 + reply.read_u16(got .. "\255\255", 1) then
              stream:read_stop()
              dns_server.after(5, function()
                local packet = reply.to(got:sub(3, 2 + reply.read_u16(got, 1)), GOOD)
                stream:write(reply.u16(#packet) .. packet, function()
                  open = open - 1
                  stream:close()
                end)
              end)
            end
          end)
        end,
      }
      for i = 1, 300 do
        assert(client:start(server, ("n%d.test"):format(i), { timeout = 5000 }))
      end
      assert.is_true(client:run(function()
        return client.count == 300
      end, 5000))
      for _, result in pairs(client.results) do
        assert_good(result)
      end
      assert.is_true(most > 100 and most <= 128, most)
    end)
  end)

  describe("cancelling", function()
    it("drops the question and its late answer", function()
      local answer_late
      local server = udp(function(query, peer, self)
        answer_late = function()
          self:send(reply.to(query, GOOD), peer)
        end
      end)
      local slot = assert(client:start(server, "a.test"))
      client:run(function()
        return answer_late
      end, 1000)
      client.upstream:cancel(slot)
      assert.equal(0, client.upstream:stats().pending)
      answer_late()
      client:run(function()
        return client.count > 0
      end, 50)
      assert.equal(0, client.count)
    end)

    it("sends nothing when the question has not left yet", function()
      local server = good_server()
      client.upstream:cancel(assert(client:start(server, "a.test")))
      client:run(function()
        return #server.queries > 0
      end, 30)
      assert.equal(0, #server.queries)
    end)

    it("does nothing to a slot that is done or was never given", function()
      local server = good_server()
      client:ask(server, "a.test")
      for _, slot in ipairs { 0, 1, 1, 2, 99999, -1 } do
        client.upstream:cancel(slot)
      end
      assert_good(client:ask(server, "b.test"))
    end)

    it("ends a TCP connection", function()
      local connected, ended
      local server = closing(dns_server.tcp(0, {
        on_connect = function(stream)
          connected = true
          stream:read_start(function(_, bytes)
            ended = bytes == nil
          end)
        end,
      }))
      local slot = assert(client:start(server, "a.test", { flags = FLAG_TCP }))
      client:run(function()
        return connected
      end, 1000)
      client.upstream:cancel(slot)
      assert.is_true(client:run(function()
        return ended
      end, 1000))
    end)

    it("does not give a slot away while its result is being looked at", function()
      local server = good_server()
      local first = assert(client:start(server, "a.test"))
      local second = assert(client:start(server, "b.test"))
      client:run(function()
        return client.count == 2
      end, 1000)
      local third = assert(client:start(server, "c.test"))
      assert.is_true(third ~= first and third ~= second)
    end)
  end)

  describe("with little room", function()
    before_each(function()
      client:close()
      client = dns_server.client { max_pending = 2 }
    end)

    it("says when too many are under way, and goes on after", function()
      local server = good_server()
      assert(client:start(server, "a.test"))
      assert(client:start(server, "b.test"))
      assert.equal("EBUSY", select(3, client:start(server, "c.test")))
      client:run(function()
        return client.count == 2
      end, 1000)
      assert_good(client:ask(server, "d.test"))
    end)
  end)

  it("shares what there is when descriptors are few", function()
    local out = netns.check([[
      local ffi = require("ffi")
      ffi.cdef("struct limit { unsigned long now, most; }; int setrlimit(int, struct limit *);")
      local RLIMIT_NOFILE = 7
      assert(ffi.C.setrlimit(RLIMIT_NOFILE, ffi.new("struct limit", 64, 64)) == 0)
      local dns_server = require("support.dns_server")
      local reply = require("support.reply")
      local held = {}
      local server = dns_server.udp(function(query, peer)
        held[#held + 1] = { reply.to(query, { address = "192.0.2.1" }), peer }
      end)
      local client = dns_server.client()
      for i = 1, 300 do
        assert(client:start(server, ("n%d.test"):format(i), { timeout = 5000 }))
        if i % 20 == 0 then
          assert(client:run(function() return #held == i end, 1000))
        end
      end
      for _, packet in ipairs(held) do
        server:send(packet[1], packet[2])
      end
      client:run(function() return client.count == 300 end, 2000)
      print(client.upstream:stats().answered, client.upstream:stats().ports <= 32)
      server:close()
      client:close()
    ]])
    assert.equal("300\ttrue\n", out)
  end)

  it("asked on from an address that was gone", function()
    if not netns.available() then
      return pending("namespaces cannot be made here")
    end
    local out = netns.check([[
      local dns_client = require("support.dns_client")
      local dns_server = require("support.dns_server")
      local reply = require("support.reply")
      local function move(from, to)
        local route = "ip route replace local 198.51.100.1 dev lo table local src " .. to
        local add = "ip addr add " .. to .. "/32 dev lo && " .. route
        assert(os.execute(from and "ip addr del " .. from .. "/32 dev lo && " .. add or add) == 0)
      end
      move(nil, "10.0.0.1")
      local server = dns_server.udp(function(query, peer, self)
        self:send(reply.to(query, { address = "192.0.2.1" }), peer)
      end, 0, "198.51.100.1")
      local client = dns_server.client { fresh_rate = 1 }
      local function ask_many()
        local failed = 0
        for i = 1, 300 do
          failed = failed + (client:ask(server, "n" .. i .. ".test").status < 0 and 1 or 0)
        end
        return failed
      end
      print(ask_many())
      move("10.0.0.1", "10.0.0.2")
      local failed = ask_many()
      print(failed <= 64 and "once a port" or failed)
      client:close()
      server:close()
      dns_client.wait(function() end, 0)
    ]])
    assert.equal("0\nonce a port\n", out)
  end)

  it("asks more servers than it shares sockets for", function()
    client:close()
    client = dns_server.client { fresh_rate = 1 }
    local many = {}
    for i = 1, 40 do
      many[i] = good_server("127.0.1." .. i)
    end
    for round = 1, 5 do
      for i, server in ipairs(many) do
        assert(client:start(server, ("n%d-%d.test"):format(round, i)))
      end
      client:run(function()
        return client.count == round * #many
      end, 1000)
    end
    assert.equal(200, client.upstream:stats().answered)
  end)

  it("steps out 64 results at a time, the rest at once after", function()
    local server = silent_server()
    for i = 1, 200 do
      assert(client:start(server, ("n%d.test"):format(i), { timeout = 0 }))
    end
    local now, sizes, batch = core.now() + 1, {}, {}
    local number = #sizes
    repeat
      local items, deadline = client.upstream:step(now, batch)
      number = number + items
      sizes[#sizes + 1] = items
      assert.is_true(items > 0)
    until not deadline
    assert.same({ 64, 64, 64, 8 }, sizes)
    assert.equal(200, client.upstream:stats().timed_out)
  end)

  it("says at once when there is no route", function()
    local slot, _, code = client:start("[2001:db8::1]:53", "a.test")
    if slot then
      code = client:ask("[2001:db8::1]:53", "a.test", { timeout = 100 }).ttl
      assert.is_truthy(code == "ETIMEOUT" or code:match("UNREACH"))
    else
      assert.is_truthy(code:match("UNREACH") or code == "EADDRNOTAVAIL")
    end
  end)

  describe("with everything going wrong at once", function()
    local kinds = {
      function(query, peer, server)
        server:send(reply.to(query, GOOD), peer)
      end,
      function() end,
      function(query, peer, server) -- twice, late
        for ms = 5, 10, 5 do
          dns_server.after(ms, function()
            server:send(reply.to(query, GOOD), peer)
          end)
        end
      end,
      function(query, peer, server)
        server:send(reply.to(query, { truncated = true }), peer)
      end,
      function(query, peer, server)
        local options = reply.has_edns(query) and { rcode = reply.NOTIMP, question = "" } or GOOD
        server:send(reply.to(query, options), peer)
      end,
      function(query, peer, server)
        server:send(reply.to(query, { rcode = reply.SERVFAIL }), peer)
      end,
      function(query, peer, server)
        for len = 0, #query do
          server:send(reply.to(query, BAD):sub(1, len), peer)
        end
      end,
    }
    local streams = {
      dns_server.framed(function(query)
        return reply.to(query, GOOD)
      end),
      function() end,
      function(_, stream)
        stream:close()
      end,
      dns_server.framed(function(query)
        return reply.to(query, { rcode = reply.FORMERR })
      end),
      dns_server.framed(function(query)
        return reply.to(query, { truncated = true })
      end),
    }

    local function chaos(options)
      client:close()
      client = dns_server.client(options)
      math.randomseed(11)
      local server = closing(dns_server.both(function(...)
        kinds[math.random(#kinds)](...)
      end, {
        on_bytes = function(bytes, stream)
          if not stream:is_closing() then
            streams[math.random(#streams)](bytes, stream)
          end
        end,
      }))
      local refusing = dns_server.closed_port()
      local asked, cancelled, live = 0, 0, {}
      for round = 1, 40 do
        for i = 1, 25 do
          local flags = math.random(10) == 1 and FLAG_TCP or 0
          local target = math.random(8) == 1 and refusing or server
          local timeout = math.random(20, 120)
          local name = ("n%d-%d.test"):format(round, i)
          local slot = client:start(target, name, { timeout = timeout, flags = flags })
          if slot then
            asked = asked + 1
            live[#live + 1] = slot
          end
        end
        client:run(function()
          return false
        end, math.random(0, 6))
        for _ = 1, 5 do
          local slot = table.remove(live, math.random(#live))
          local pending = client.upstream:stats().pending
          client.upstream:cancel(slot)
          cancelled = cancelled + pending - client.upstream:stats().pending
        end
      end
      assert.is_true(client:run(function()
        return client.upstream:stats().pending == 0
      end, 2000))
      return asked, cancelled
    end

    for what, options in pairs {
      ["from a socket each"] = {},
      ["from shared sockets"] = { fresh_rate = 1 },
    } do
      it("ends every question once, " .. what, function()
        local asked, cancelled = chaos(options)
        assert.equal(1000, asked)
        assert.is_true(cancelled > 10, cancelled)
        assert.equal(asked - cancelled, client.count)
        for _, result in pairs(client.results) do
          assert.is_falsy(result.answer and result.answer:find(BAD_BYTES, 1, true))
        end
        local stats = client.upstream:stats()
        assert.equal(client.count, stats.answered + stats.timed_out + stats.failed)
      end)
    end
  end)

  it("is closed with questions under way, and more than once", function()
    local upstream = assert(core.upstream.open())
    local server = silent_server()
    local number = upstream:server(server.address)
    for _ = 1, 10 do
      assert(upstream:ask(number, "a.test", 1, 1000, core.now(), FLAG_TCP))
      assert(upstream:ask(number, "a.test", 1, 1000, core.now()))
    end
    upstream:flush(core.now())
    upstream:close()
    upstream:close()
    assert.error_matches(function()
      upstream:fd()
    end, "closed")
  end)
end)
