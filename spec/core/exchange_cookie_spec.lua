local core = require("mlxresolve.core")
local reply = require("support.reply")

local SERVER = "192.0.2.53:53"
local OURS, OTHERS, THEIRS = "abcdefgh", "abcdefgX", "12345678"
local GOOD = { address = "192.0.2.1" }

local function with(fields)
  local all = { address = GOOD.address }
  for key, value in pairs(fields) do
    all[key] = value
  end
  return all
end

describe("core.exchange: cookies", function()
  local exchange, query

  local function ask(cookie, options)
    options = options or {}
    options.cookie = cookie
    exchange = core.exchange.new(SERVER, "www.example.com", "A", options, 1000)
    query = exchange:query()
  end

  local function message(fields, now)
    return (exchange:message(SERVER, reply.to(query, fields), now or 1010))
  end

  it("sends the one that it was given, last in the OPT record", function()
    ask(OURS)
    assert.equal("\0\0\41\4\208\0\0\0\0\0\12\0\10\0\8" .. OURS, query:sub(-23))
    ask(OURS .. THEIRS)
    assert.equal(OURS .. THEIRS, reply.cookie_of(query))
    ask(nil)
    assert.equal("\0\0\41\4\208\0\0\0\0\0\0", query:sub(-11))
  end)

  it("sends none where it does not speak EDNS", function()
    ask(OURS, { udp_size = 0 })
    assert.is_false(reply.has_edns(query))
    assert.equal("done", message(GOOD))
  end)

  it("takes the reply of a server that has never heard of them", function()
    ask(OURS)
    assert.equal("done", message(GOOD))
    assert.same({ OURS }, { exchange:cookie() })
  end)

  it("ignores what bears another's, and waits on [RFC 7873 5: cookies]", function()
    for _, false_one in ipairs {
      OTHERS .. THEIRS,
      OURS,
      OURS .. "1234567",
      OURS:sub(1, 7),
      "",
      OURS .. ("x"):rep(33),
    } do
      ask(OURS)
      assert.equal("wait", message(with { cookie = false_one }), #false_one)
      assert.equal("wait", message { rcode = reply.SERVFAIL, cookie = false_one })
      assert.equal("wait", message { rcode = reply.FORMERR, cookie = false_one })
      assert.equal("wait", message { rcode = reply.BADCOOKIE, cookie = false_one })
      assert.equal("wait", message { truncated = true, cookie = false_one })
      assert.equal(5, exchange:ignored())
      assert.equal("done", message(with { cookie = OURS .. THEIRS }))
    end
  end)

  it("learns the server's part, of a failure too", function()
    for _, fields in ipairs { GOOD, { rcode = reply.SERVFAIL }, { truncated = true } } do
      ask(OURS)
      message(with { rcode = fields.rcode, truncated = fields.truncated, cookie = OURS .. THEIRS })
      assert.same({ OURS .. THEIRS, "learnt" }, { exchange:cookie() })
    end
    ask(OURS .. THEIRS)
    message(with { cookie = OURS .. ("9"):rep(32) })
    assert.same({ OURS .. ("9"):rep(32), "learnt" }, { exchange:cookie() })
  end)

  it("learns nothing from a reply to another question", function()
    ask(OURS)
    local other = reply.name("other.example") .. "\0\1\0\1"
    assert.equal("wait", message(with { question = other, cookie = OURS .. THEIRS }))
    assert.same({ OURS }, { exchange:cookie() })
  end)

  describe("told that its own is none", function()
    local REFUSAL = { rcode = reply.BADCOOKIE, cookie = OURS .. "ABCDEFGH" }

    it("asks once more with the new one", function()
      ask(OURS .. THEIRS)
      assert.equal("send_udp", message(REFUSAL))
      query = exchange:query()
      assert.equal(OURS .. "ABCDEFGH", reply.cookie_of(query))
      assert.equal("done", message(with { cookie = OURS .. "ABCDEFGH" }))
    end)

    it("asks over TCP when it is told so again", function()
      ask(OURS)
      assert.equal("send_udp", message(REFUSAL))
      assert.equal("send_tcp", message(REFUSAL))
      assert.equal("done", message(with { cookie = OURS .. THEIRS }))
      assert.is_true(exchange:result())
    end)

    it("asks over TCP when it has asked three times", function()
      ask(OURS, { timeout = 5000, resend = 100 })
      assert.same({ "send_udp", "send_udp" }, { exchange:time(1100), exchange:time(1300) })
      assert.equal("send_tcp", message(REFUSAL, 1400))
    end)

    it("believes it over TCP", function()
      ask(OURS .. THEIRS, { tcp = true })
      local action, _, status = exchange:message(SERVER, reply.to(query, REFUSAL), 1010)
      assert.same({ "done", "failure" }, { action, status })
    end)

    it("takes it for any failure without a cookie", function()
      ask(OURS)
      local action, _, status =
        exchange:message(SERVER, reply.to(query, { rcode = reply.BADCOOKIE }), 1010)
      assert.same({ "done", "failure" }, { action, status })
    end)
  end)

  describe("given none by a server that gave some before", function()
    it("uses nothing of the reply, and asks over TCP", function()
      for _, fields in ipairs { GOOD, { rcode = reply.NXDOMAIN }, { truncated = true } } do
        ask(OURS .. THEIRS)
        assert.equal("send_tcp", message(fields))
      end
    end)

    it("believes over TCP that it gives none any more", function()
      ask(OURS .. THEIRS)
      message(GOOD)
      assert.equal("done", message(GOOD))
      assert.equal("lost", select(2, exchange:cookie()))
    end)

    it("still asks one that does not know EDNS any more without it", function()
      ask(OURS .. THEIRS)
      assert.equal("send_udp", message { rcode = reply.FORMERR })
      query = exchange:query()
      assert.is_false(reply.has_edns(query))
      assert.equal(12 + #reply.question_of(query), #query)
      assert.equal("done", message(GOOD))
    end)
  end)

  it("is left out of what is sent again, unless the server is known to take it", function()
    ask(OURS)
    assert.equal("send_udp", exchange:time(1400))
    assert.equal("\0\0\41\4\208\0\0\0\0\0\0", exchange:query():sub(-11))
    assert.equal("wait", message(with { cookie = OTHERS .. THEIRS }))
    assert.equal("send_udp", message { rcode = reply.BADCOOKIE, cookie = OURS .. THEIRS })
    assert.equal(OURS .. THEIRS, reply.cookie_of(exchange:query()))
    ask(OURS .. THEIRS)
    assert.equal("send_udp", exchange:time(1400))
    assert.equal(OURS .. THEIRS, reply.cookie_of(exchange:query()))
  end)

  it("takes the first of several", function()
    ask(OURS)
    local option = "\0\10\0\16" .. OURS .. THEIRS
    local second = "\0\10\0\16" .. OTHERS .. THEIRS
    local plain = reply.to(query, with { cookie = OURS .. THEIRS })
    local head = plain:sub(1, -#option - 3)
    local function both(a, b)
      return head .. reply.u16(#a + #b) .. a .. b
    end
    assert.equal("wait", (exchange:message(SERVER, both(second, option), 1010)))
    assert.equal("done", (exchange:message(SERVER, both(option, second), 1010)))
  end)
end)
