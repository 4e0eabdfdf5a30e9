local core = require("mlxresolve.core")
local reply = require("support.reply")

local SERVER = "192.0.2.53:53"

local function new(options)
  return core.exchange.new(SERVER, "www.example.com", "A", options, 1000)
end

--- A query that was sent, and what to reply to it.
local function asked(options)
  local exchange = new(options)
  return exchange, exchange:query()
end

describe("core.exchange", function()
  it(
    "sends one question with RD, EDNS and the ID that it was given [RFC 9715 3.2: payload]",
    function()
      local exchange, action = new { id = 0x1234 }
      assert.equal("send_udp", action)
      local query = exchange:query()
      assert.equal("\18\52\1\0\0\1\0\0\0\0\0\1", query:sub(1, 12))
      assert.equal(reply.name("www.example.com") .. "\0\1\0\1", reply.question_of(query))
      assert.equal("\0\0\41\4\208\0\0\0\0\0\0", query:sub(-11)) -- 1232 bytes
    end
  )

  it("leaves RD and EDNS out when asked to", function()
    local query = new({ udp_size = 0, recurse = false, id = 1 }):query()
    assert.equal("\0\1\0\0\0\1\0\0\0\0\0\0", query:sub(1, 12))
    assert.equal(12 + 17 + 4, #query)
  end)

  it("draws an ID of its own for each question [RFC 5452 9.2: unpredictable]", function()
    local seen, count = {}, 0
    for _ = 1, 200 do
      local id = new():query():sub(1, 2)
      count = count + (seen[id] and 0 or 1)
      seen[id] = true
    end
    assert.is_true(count >= 190, count)
  end)

  it("is done with the answer to its question", function()
    local exchange, query = asked()
    local action, answer, status, ttl, rcode =
      exchange:message(SERVER, reply.to(query, { address = "192.0.2.1" }), 1010)
    assert.same({ "done", "answer", 60, 0 }, { action, status, ttl, rcode })
    assert.is_truthy(answer:find("\192\0\2\1", 1, true))
    assert.is_true(exchange:result())
  end)

  it("takes denials and failures of the server for what they are", function()
    for rcode, status in pairs {
      [reply.NXDOMAIN] = "nxdomain",
      [reply.SERVFAIL] = "failure",
      [0] = "nodata",
    } do
      local exchange, query = asked()
      local action, _, got = exchange:message(SERVER, reply.to(query, { rcode = rcode }), 1010)
      assert.same({ "done", status }, { action, got })
    end
  end)

  it("accepts the question spelled in other letters [RFC 1035 2.3.3: case]", function()
    local exchange, query = asked()
    local question = reply.name("WWW.eXample.COM") .. "\0\1\0\1"
    local packet = reply.to(query, { address = "192.0.2.1", question = question })
    assert.equal("done", (exchange:message(SERVER, packet, 1010)))
  end)

  describe("ignores, counts and keeps waiting after [RFC 5452 9.1: matching]", function()
    local wrong = {
      ["another address"] = { from = "192.0.2.54:53" },
      ["another port"] = { from = "192.0.2.53:5353" },
      ["another family"] = { from = "[2001:db8::1]:53" },
      ["a wrong ID"] = { id = 7 },
      ["a query"] = { flags = 0x0100 },
      ["another opcode"] = { flags = 0x8000 + 0x2000 },
      ["another name"] = { question = reply.name("www.example.org") .. "\0\1\0\1" },
      ["a longer name"] = { question = reply.name("a.www.example.com") .. "\0\1\0\1" },
      ["another type"] = { question = reply.name("www.example.com") .. "\0\28\0\1" },
      ["another class"] = { question = reply.name("www.example.com") .. "\0\1\0\3" },
      ["no question"] = { question = "" },
      ["nothing but a header"] = { question = "", cut = 12, addresses = {} },
      ["an answer that is cut off"] = { cut = 45 },
    }
    for what, options in pairs(wrong) do
      it(what, function()
        local exchange, query = asked { id = 0x1234 }
        options.address = options.address or "192.0.2.66"
        local packet = reply.to(query, options)
        assert.same({ "wait" }, { exchange:message(options.from or SERVER, packet, 1001) })
        assert.equal(1, exchange:ignored())
        local good = reply.to(query, { address = "192.0.2.1" })
        local action, answer = exchange:message(SERVER, good, 1030)
        assert.equal("done", action)
        assert.is_nil(answer:find("\192\0\2\66", 1, true))
      end)
    end

    it("datagrams of 0 to 11 bytes", function()
      local exchange, query = asked()
      local good = reply.to(query, { address = "192.0.2.1" })
      for len = 0, 11 do
        assert.equal("wait", (exchange:message(SERVER, good:sub(1, len), 1001)))
      end
      assert.equal(12, exchange:ignored())
      assert.equal("done", (exchange:message(SERVER, good, 1001)))
    end)

    it("every prefix of the true reply", function()
      local exchange, query = asked()
      local good = reply.to(query, { address = "192.0.2.1" })
      for len = 12, #good - 1 do
        assert.equal("wait", (exchange:message(SERVER, good:sub(1, len), 1001)))
      end
    end)

    it("the end", function()
      local exchange, query = asked()
      local good = reply.to(query, { address = "192.0.2.1" })
      exchange:message(SERVER, good, 1010)
      assert.equal("wait", (exchange:message(SERVER, good, 1011)))
    end)
  end)

  describe("when nobody answers", function()
    it("sends three times, the waits doubling, then times out [RFC 9520 3.1: retries]", function()
      local exchange = new { timeout = 5000, resend = 400 }
      local sent = {}
      local action, now = "send_udp", 1000
      while action ~= "done" do
        if action == "send_udp" then
          sent[#sent + 1] = now - 1000
        end
        now = exchange:deadline()
        action = exchange:time(now)
      end
      assert.same({ 0, 400, 1200 }, sent)
      assert.equal(6000, now)
      local ok, message, code = exchange:result()
      assert.same({ nil, "nobody answered in time", "ETIMEOUT" }, { ok, message, code })
    end)

    it("does not send before its time", function()
      local exchange = new { resend = 400 }
      assert.equal("wait", exchange:time(1399))
      assert.equal("send_udp", exchange:time(1400))
    end)

    it("takes the answer to any of its datagrams", function()
      local exchange, query = asked { timeout = 5000, resend = 400 }
      exchange:time(1400)
      assert.equal(query, exchange:query())
      local good = reply.to(query, { address = "192.0.2.1" })
      assert.equal("done", (exchange:message(SERVER, good, 1500)))
    end)
  end)

  describe("after a truncated reply", function()
    local function truncated()
      local exchange, query = asked { timeout = 2000 }
      local packet = reply.to(query, { address = "192.0.2.66", truncated = true })
      assert.same({ "send_tcp" }, { exchange:message(SERVER, packet, 1010) })
      return exchange, query
    end

    it("asks the same server over TCP and uses nothing of it [RFC 2181 9: truncation]", function()
      local exchange, query = truncated()
      assert.equal(query, exchange:query())
      assert.equal(3000, exchange:deadline())
      local action, answer =
        exchange:message(SERVER, reply.to(query, { address = "192.0.2.1" }), 1020)
      assert.equal("done", action)
      assert.is_nil(answer:find("\192\0\2\66", 1, true))
    end)

    it("does not go back to UDP", function()
      local exchange = truncated()
      assert.equal("wait", exchange:time(2000))
      assert.equal("done", exchange:time(3000))
    end)

    it("connects three times to a server that closes at once [RFC 9520 3.1: retries]", function()
      local exchange = truncated()
      assert.equal("send_tcp", exchange:fail("ECONNRESET", 1020))
      assert.equal("send_tcp", exchange:fail("ECONNRESET", 1030))
      assert.equal("done", exchange:fail("ECONNRESET", 1040))
      assert.equal("ECONNRESET", select(3, exchange:result()))
    end)

    it("gives up at once when TCP is refused", function()
      local exchange = truncated()
      assert.equal("done", exchange:fail("ECONNREFUSED", 1020))
      assert.equal("ECONNREFUSED", select(3, exchange:result()))
    end)

    it("fails when TCP is truncated too", function()
      local exchange, query = truncated()
      local packet = reply.to(query, { address = "192.0.2.66", truncated = true })
      assert.same({ "done" }, { exchange:message(SERVER, packet, 1020) })
      assert.equal("EFORMAT", select(3, exchange:result()))
    end)
  end)

  describe("with a server that does not speak EDNS [RFC 6891 7: without EDNS]", function()
    for what, options in pairs {
      FORMERR = { rcode = reply.FORMERR },
      NOTIMP = { rcode = reply.NOTIMP },
      ["FORMERR in a bare header"] = { rcode = reply.FORMERR, question = "" },
    } do
      it("asks once more without, after " .. what, function()
        local exchange, query = asked()
        assert.equal("send_udp", (exchange:message(SERVER, reply.to(query, options), 1010)))
        assert.is_false(reply.has_edns(exchange:query()))
        assert.equal(query:sub(1, 2), exchange:query():sub(1, 2))
        assert.equal(reply.question_of(query), reply.question_of(exchange:query()))
        local good = reply.to(query, { address = "192.0.2.1" })
        assert.equal("done", (exchange:message(SERVER, good, 1020)))
      end)
    end

    it("believes a second refusal", function()
      local exchange, query = asked()
      local refusal = reply.to(query, { rcode = reply.FORMERR })
      exchange:message(SERVER, refusal, 1010)
      local action, _, status, _, rcode = exchange:message(SERVER, refusal, 1020)
      assert.same({ "done", "failure", reply.FORMERR }, { action, status, rcode })
    end)

    it("does not take a late refusal of an earlier datagram for one of the last", function()
      local exchange, query = asked { timeout = 5000, resend = 400 }
      exchange:time(1400) -- a second datagram with EDNS
      local refusal = reply.to(query, { rcode = reply.FORMERR })
      assert.equal("send_udp", (exchange:message(SERVER, refusal, 1410)))
      assert.equal("wait", (exchange:message(SERVER, refusal, 1420)))
      local good = reply.to(query, { address = "192.0.2.1" })
      assert.equal("done", (exchange:message(SERVER, good, 1430)))
    end)

    it("takes FORMERR as it is when there was no EDNS", function()
      local exchange, query = asked { udp_size = 0 }
      local action, _, status =
        exchange:message(SERVER, reply.to(query, { rcode = reply.FORMERR }), 1010)
      assert.same({ "done", "failure" }, { action, status })
    end)
  end)

  it("ends with the transport's error", function()
    local exchange = new()
    assert.equal("done", exchange:fail("ECONNREFUSED", 1001))
    assert.equal("ECONNREFUSED", select(3, exchange:result()))
  end)

  it("begins with TCP when asked to", function()
    local exchange, action = new { tcp = true, timeout = 500 }
    assert.equal("send_tcp", action)
    assert.equal(1500, exchange:deadline())
  end)

  it("says what it cannot read", function()
    for _, case in ipairs {
      { "192.0.2.999", "a.test", "A" },
      { SERVER, ("a"):rep(64) .. ".test", "A" },
      { SERVER, "a.test", "NOTYPE" },
    } do
      local exchange, message, code = core.exchange.new(case[1], case[2], case[3], nil, 0)
      assert.same({ nil, "ETEXT" }, { exchange, code })
      assert.is_truthy(message:find(": ", 1, true))
    end
  end)

  it("raises when used wrongly", function()
    assert.error(function()
      new():result()
    end)
    assert.error(function()
      new():fail("EWHATEVER", 0)
    end)
  end)
end)
