local core = require("mlxresolve.core")
local packet = require("support.packet")

local answer = core.answer

--- The canonical answer, decoded, with status, ttl and rcode.
local function scrub(name, type, sections)
  local bytes, status, ttl, rcode = answer.scrub(packet.reply(name, type, sections))
  if not bytes then
    return nil, ttl
  end
  local message = assert(core.wire.decode(bytes))
  message.status, message.ttl, message.verdict = status, ttl, rcode
  return message
end

local function owners(message)
  local names = {}
  for i, record in ipairs(message.answers) do
    names[i] = record.name .. " " .. record.type .. " " .. record.data
  end
  return names
end

describe("scrubbing a reply", function()
  it("keeps the records that answer the question", function()
    local message = scrub("a.example.", "A", {
      answers = {
        packet.a(packet.QUESTION, 60, "192.0.2.1"),
        packet.a("a.example.", 60, "192.0.2.2"),
      },
    })
    assert.same({ "answer", 60, 0 }, { message.status, message.ttl, message.verdict })
    assert.same({ "a.example. A 192.0.2.1", "a.example. A 192.0.2.2" }, owners(message))
  end)

  it(
    "drops records of other names, other types and other sections [RFC 2181 5.4.1: trust]",
    function()
      local message = scrub("a.example.", "A", {
        answers = {
          packet.a("bank.example.", 60, "192.0.2.66"),
          packet.a("a.example.", 60, "192.0.2.1"),
          packet.record("a.example.", "TXT", 60, "\1x"),
          packet.a("b.a.example.", 60, "192.0.2.67"),
        },
        authorities = { packet.record("example.", "NS", 60, packet.name("ns.example.")) },
        additionals = { packet.a("ns.example.", 60, "192.0.2.53"), packet.opt() },
      })
      assert.same({ "a.example. A 192.0.2.1" }, owners(message))
      assert.same({}, message.authorities)
      assert.same({}, message.additionals)
      assert.is_nil(message.edns)
    end
  )

  it("drops records of other classes", function()
    local message = scrub("a.example.", "A", {
      answers = {
        packet.record("a.example.", "A", 60, "abcd", 3),
        packet.a("a.example.", 9, "192.0.2.1"),
      },
    })
    assert.same({ "a.example. A 192.0.2.1" }, owners(message))
  end)

  it("writes names in lower case and points at the question", function()
    local question = packet.spelled("WWW.Example") .. packet.u16(1) .. packet.u16(1)
    local bytes = assert(answer.scrub(packet.reply(nil, nil, {
      question = question,
      answers = {
        packet.spelled("www.EXAMPLE") .. packet.a(packet.QUESTION, 60, "192.0.2.1"):sub(3),
      },
    })))
    assert.equal(packet.question("www.example.", "A"), bytes:sub(13, 12 + #question))
    assert.equal(packet.QUESTION, bytes:sub(13 + #question, 14 + #question))
  end)

  it("gives all records of a set the lowest TTL [RFC 2181 5.2: one TTL]", function()
    local message = scrub("a.example.", "A", {
      answers = {
        packet.a("a.example.", 300, "192.0.2.1"),
        packet.a("a.example.", 20, "192.0.2.2"),
        packet.a("a.example.", 100, "192.0.2.3"),
      },
    })
    assert.equal(20, message.ttl)
    for _, record in ipairs(message.answers) do
      assert.equal(20, record.ttl)
    end
  end)

  it("takes a TTL with the top bit set for 0 [RFC 2181 8: TTL range]", function()
    local message = scrub("a.example.", "A", {
      answers = { packet.a("a.example.", 2 ^ 31 + 5, "192.0.2.1") },
    })
    assert.same({ 0, 0 }, { message.ttl, message.answers[1].ttl })
  end)

  it("checks and compresses the names in its records", function()
    local message = scrub("_x._tcp.local.", "SRV", {
      answers = {
        packet.record("_x._tcp.local.", "SRV", 60, "\0\0\0\1\0\80" .. packet.name("h.local.")),
      },
    })
    assert.same({ "_x._tcp.local. SRV 0 1 80 h.local." }, owners(message))
    assert.is_nil(scrub("_x._tcp.local.", "SRV", {
      answers = { packet.record("_x._tcp.local.", "SRV", 60, "\0\0\0\1\0\80\9short") },
    }))
    assert.is_nil(
      scrub("a.example.", "A", { answers = { packet.record("a.example.", "A", 1, "abc") } })
    )
  end)

  it("keeps everything at the name for ANY [RFC 8482 4: any type]", function()
    local message = scrub("a.example.", "ANY", {
      answers = {
        packet.a("a.example.", 60, "192.0.2.1"),
        packet.record("a.example.", "TXT", 30, "\1x"),
        packet.a("b.example.", 60, "192.0.2.2"),
      },
    })
    assert.same({ "a.example. A 192.0.2.1", 'a.example. TXT "x"' }, owners(message))
    assert.same({ "answer", 30 }, { message.status, message.ttl })
  end)

  describe("with a chain", function()
    local chain = {
      packet.cname("www.example.", 60, "web.example."),
      packet.cname("web.example.", 50, "host.other."),
      packet.a("host.other.", 40, "192.0.2.1"),
    }
    local followed = {
      "www.example. CNAME web.example.",
      "web.example. CNAME host.other.",
      "host.other. A 192.0.2.1",
    }

    it("follows it to its end", function()
      local message = scrub("www.example.", "A", { answers = chain })
      assert.same(followed, owners(message))
      assert.same({ "answer", 40 }, { message.status, message.ttl })
    end)

    it("follows it in whatever order it was written", function()
      for _, order in ipairs { { 3, 2, 1 }, { 2, 3, 1 }, { 3, 1, 2 }, { 1, 3, 2 } } do
        local answers = {}
        for i, at in ipairs(order) do
          answers[i] = chain[at]
        end
        assert.same(followed, owners(scrub("www.example.", "A", { answers = answers })))
      end
    end)

    it("collects a set that is scattered over the reply", function()
      local message = scrub("www.example.", "A", {
        answers = {
          packet.a("x.example.", 40, "192.0.2.1"),
          packet.cname("www.example.", 60, "x.example."),
          packet.a("x.example.", 40, "192.0.2.2"),
        },
      })
      assert.equal(3, #message.answers)
    end)

    it("leaves names out that the chain does not reach", function()
      local message = scrub("www.example.", "A", {
        answers = {
          packet.cname("www.example.", 60, "a.example."),
          packet.cname("b.example.", 60, "c.example."),
          packet.a("c.example.", 60, "192.0.2.66"),
          packet.a("a.example.", 60, "192.0.2.1"),
        },
      })
      assert.equal(2, #message.answers)
      assert.equal("192.0.2.1", message.answers[2].data)
    end)

    it("accepts the CNAME that a DNAME stands for", function()
      local message = scrub("a.old.example.", "A", {
        answers = {
          packet.record("old.example.", "DNAME", 60, packet.name("new.example.")),
          packet.cname("a.old.example.", 60, "a.new.example."),
          packet.a("a.new.example.", 60, "192.0.2.1"),
        },
      })
      assert.same(
        { "a.old.example. CNAME a.new.example.", "a.new.example. A 192.0.2.1" },
        owners(message)
      )
    end)

    it("takes the CNAME itself when that was asked for", function()
      local message = scrub("www.example.", "CNAME", { answers = { chain[1], chain[2] } })
      assert.same({ "www.example. CNAME web.example." }, owners(message))
      assert.equal("answer", message.status)
    end)

    it("is NODATA when it leads nowhere, for as long as the chain lasts", function()
      local message = scrub("www.example.", "AAAA", { answers = { chain[1], chain[2] } })
      assert.same({ "nodata", 50 }, { message.status, message.ttl })
      assert.equal(2, #message.answers)
    end)

    it("is NODATA for the shorter of chain and SOA", function()
      local message = scrub("www.example.", "AAAA", {
        answers = { chain[1], chain[2] },
        authorities = { packet.soa("other.", 30, 900) },
      })
      assert.same({ "nodata", 30 }, { message.status, message.ttl })
    end)

    it("fails for one that comes back to itself", function()
      local loops = {
        { packet.cname("h.local.", 60, "h.local.") },
        { packet.cname("h.local.", 60, "i.local."), packet.cname("i.local.", 60, "h.local.") },
        { packet.cname("h.local.", 60, "H.LOCAL.") },
      }
      for _, answers in ipairs(loops) do
        local message, code = scrub("h.local.", "A", { answers = answers })
        assert.is_nil(message)
        assert.equal("ELOOP", code)
      end
    end)

    local function long_chain(links)
      local answers = {}
      for i = 1, links do
        answers[i] = packet.cname(("n%d.example."):format(i), 60, ("n%d.example."):format(i + 1))
      end
      answers[links + 1] = packet.a(("n%d.example."):format(links + 1), 60, "192.0.2.1")
      return answers
    end

    it("follows twelve links and no more", function()
      assert.equal(13, #scrub("n1.example.", "A", { answers = long_chain(12) }).answers)
      local message, code = scrub("n1.example.", "A", { answers = long_chain(13) })
      assert.same({ nil, "ELOOP" }, { message, code })
      assert.is_nil(scrub("n1.example.", "A", { answers = long_chain(100) }))
    end)
  end)

  describe("of a denial", function()
    it("lasts as long as the shorter of the SOA's two TTLs [RFC 2308 5: denials]", function()
      for _, ttls in ipairs { { 300, 60 }, { 60, 300 } } do
        local message = scrub("no.example.", "A", {
          rcode = 3,
          authorities = { packet.soa("example.", ttls[1], ttls[2]) },
        })
        assert.same({ "nxdomain", 60, 3 }, { message.status, message.ttl, message.verdict })
        assert.equal(60, message.authorities[1].ttl)
      end
    end)

    it("keeps one SOA, and none of a zone in which the name does not lie", function()
      local message = scrub("a.example.", "A", {
        authorities = {
          packet.soa("victim.", 300, 300),
          packet.record("example.", "NS", 60, packet.name("ns.example.")),
          packet.soa("example.", 40, 300),
          packet.soa(".", 20, 300),
        },
      })
      assert.same({ "nodata", 40 }, { message.status, message.ttl })
      assert.equal(1, #message.authorities)
    end)

    it("without a SOA is not to be kept", function()
      local message = scrub("a.example.", "A", {})
      assert.same({ "nodata", 0 }, { message.status, message.ttl })
      assert.equal("nxdomain", scrub("a.example.", "A", { rcode = 3 }).status)
    end)

    it("drops the records that came with NXDOMAIN", function()
      local message = scrub("a.example.", "A", {
        rcode = 3,
        answers = { packet.a("a.example.", 60, "192.0.2.66") },
        authorities = { packet.soa("example.", 40, 300) },
      })
      assert.same({ "nxdomain", 40, 0 }, { message.status, message.ttl, #message.answers })
    end)

    it("is no denial when it only names other servers", function()
      local servers = { packet.record("example.", "NS", 60, packet.name("ns.example.")) }
      assert.equal("failure", scrub("a.example.", "A", { authorities = servers }).status)
      local authoritative = { authorities = servers, flags = 0x8480 }
      assert.equal("nodata", scrub("a.example.", "A", authoritative).status)
    end)
  end)

  describe("of a failure", function()
    it("says so, and carries nothing along", function()
      for _, rcode in ipairs { 1, 2, 4, 5, 9 } do
        local message = scrub("a.example.", "A", {
          rcode = rcode,
          answers = { packet.a("a.example.", 60, "192.0.2.66") },
        })
        assert.same({ "failure", rcode, 0, 0 }, {
          message.status,
          message.verdict,
          message.ttl,
          #message.answers,
        })
      end
    end)

    it("sees the part of the code that stands in the OPT record", function()
      local message = scrub("a.example.", "A", { additionals = { packet.opt { rcode = 1 } } })
      assert.same({ "failure", 16, 2 }, { message.status, message.verdict, message.rcode })
    end)
  end)

  describe("of what is no reply", function()
    it("fails wherever it is cut off", function()
      local whole = packet.reply("www.example.", "A", {
        answers = {
          packet.cname("www.example.", 60, "a.example."),
          packet.a("a.example.", 60, "192.0.2.1"),
        },
        authorities = { packet.soa("example.", 60, 60) },
        additionals = { packet.opt() },
      })
      for len = 0, #whole - 1 do
        assert.is_nil((answer.scrub(whole:sub(1, len))), len)
      end
      assert.is_nil((answer.scrub(whole .. "\0")))
    end)

    it("fails for counts that lie, queries, and other classes", function()
      assert.is_nil(scrub("a.example.", "A", { counts = { 1, 65535 } }))
      assert.is_nil(scrub("a.example.", "A", { counts = { 0 } }))
      assert.is_nil(scrub("a.example.", "A", { flags = 0x0100 }))
      assert.is_nil(scrub("a.example.", "A", { flags = 0xa800 }))
      assert.is_nil(scrub(nil, nil, { question = packet.question("a.example.", "A", 3) }))
    end)

    it(
      "fails for pointers that lead forward, into the header or round [RFC 1035 4.1.4: pointers]",
      function()
        for _, pointer in ipairs { "\192\255", "\192\2", "\192\29" } do
          assert.is_nil(
            scrub("a.example.", "A", { answers = { packet.a(pointer, 60, "192.0.2.1") } })
          )
        end
      end
    )
  end)

  it("takes 4,000 records in their stride", function()
    local answers = {}
    for i = 1, 4000 do
      answers[i] = packet.a(packet.QUESTION, 60 + i % 7, ("10.0.%d.%d"):format(i / 256, i % 256))
    end
    local reply = packet.reply("a.example.", "A", { answers = answers })
    local started = os.clock()
    local scrubbed = assert(answer.scrub(reply))
    assert.is_true(os.clock() - started < 0.05)
    assert.equal(4000, #answer.data(scrubbed))
  end)
end)
