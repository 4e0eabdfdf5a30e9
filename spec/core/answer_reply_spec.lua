local core = require("mlxresolve.core")
local packet = require("support.packet")

local answer = core.answer

local AA, TC, RD, RA, AD, CD = 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
local bit = require("bit")

local function build(count, type)
  local data = {}
  for i = 1, count do
    data[i] = ("192.0.2.%d"):format(i)
  end
  return answer.build("mini2.local.", type or "A", data, 60)
end

local function ask(sections)
  return packet.query("mini2.local.", "A", sections)
end

local function with_edns(options)
  return ask { additionals = { packet.opt(options) } }
end

describe("a reply", function()
  it("bears the client's ID and its spelling of the name [RFC 1035 2.3.3: case]", function()
    local question = packet.spelled("MiNi2.LoCaL") .. packet.u16(1) .. packet.u16(1)
    local reply =
      assert(answer.reply(build(1), packet.query(nil, nil, { id = 0xbeef, question = question })))
    local _, counts, id = packet.header(reply)
    assert.equal(0xbeef, id)
    assert.same({ 1, 1, 0, 0 }, counts)
    assert.equal(question, reply:sub(13, 12 + #question))
    assert.equal(packet.QUESTION, reply:sub(13 + #question, 14 + #question))
    local message = assert(core.wire.decode(reply))
    assert.equal("192.0.2.1", message.answers[1].data)
  end)

  it("copies RD and CD, sets RA, and claims neither AA nor AD", function()
    local flags = packet.header(answer.reply(build(1), ask { flags = RD + CD + AA + AD }))
    assert.equal(0x8000 + RD + RA + CD, flags)
    assert.equal(0x8000 + RA, (packet.header(answer.reply(build(1), ask { flags = 0 }))))
  end)

  it("keeps the rcode of a denial and its SOA [RFC 2308 3: SOA]", function()
    local message =
      core.wire.decode(answer.reply(answer.deny("mini2.local.", "A", "nxdomain", 5), ask()))
    assert.same({ 3, 1 }, { message.rcode, #message.authorities })
  end)

  it("has an OPT record when the client sent one, and only then", function()
    assert.is_nil(core.wire.decode(answer.reply(build(1), ask())).edns)
    local edns =
      core.wire.decode(answer.reply(build(1), with_edns { size = 4096, dnssec_ok = true })).edns
    assert.same(
      { 1232, 0, true, {} },
      { edns.udp_size, edns.version, edns.dnssec_ok, edns.options }
    )
    assert.is_false(core.wire.decode(answer.reply(build(1), with_edns())).edns.dnssec_ok)
  end)

  it("does not answer another question", function()
    local other = answer.build("mini3.local.", "A", { "192.0.2.1" }, 60)
    assert.equal("EMISMATCH", select(3, answer.reply(other, ask())))
    assert.equal("EMISMATCH", select(3, answer.reply(build(0, "AAAA"), ask())))
    assert.equal("EFORMAT", select(3, answer.reply("", ask())))
  end)

  describe("with an explanation", function()
    local why = { ede_code = 22, ede_text = "mdns: nobody answered in 800 ms" }

    it("tells it to who speaks EDNS [RFC 8914 4: reasons]", function()
      local edns = core.wire.decode(answer.reply(build(1), with_edns(), why)).edns
      assert.same({ { code = 22, text = why.ede_text } }, edns.ede)
      assert.is_nil(core.wire.decode(answer.reply(build(1), ask(), why)).edns)
    end)

    it(
      "leaves out its text, and then all of it, rather than records [RFC 8914 4: reasons]",
      function()
        local bare = #answer.reply(build(1), with_edns())
        local function reply(max)
          local options = { max = max, ede_code = 22, ede_text = why.ede_text }
          return core.wire.decode(answer.reply(build(1), with_edns(), options))
        end
        local whole = bare + 6 + #why.ede_text
        assert.equal(why.ede_text, reply(whole).edns.ede[1].text)
        assert.equal("", reply(whole - 1).edns.ede[1].text)
        assert.equal("", reply(bare + 6).edns.ede[1].text)
        assert.same({}, reply(bare + 5).edns.ede)
        for _, max in ipairs { whole - 1, bare + 5, bare } do
          assert.same({ 1, false }, { #reply(max).answers, reply(max).truncated })
        end
      end
    )
  end)

  describe("that does not fit", function()
    it("has TC and no records, so that the client asks over TCP", function()
      local reply = answer.reply(build(60), ask(), { max = 512 })
      local flags, counts = packet.header(reply)
      assert.equal(TC, bit.band(flags, TC))
      assert.same({ 1, 0, 0, 0 }, counts)
      assert.equal(#ask(), #reply)
    end)

    it("keeps its OPT record", function()
      local message = core.wire.decode(answer.reply(build(90), with_edns(), { max = 1232 }))
      assert.same({ true, 0, 1232 }, { message.truncated, #message.answers, message.edns.udp_size })
    end)

    it("is one byte too long and no less", function()
      for _, query in ipairs { ask(), with_edns() } do
        local len = #answer.reply(build(20), query)
        assert.equal(0, bit.band(packet.header(answer.reply(build(20), query, { max = len })), TC))
        local cut = answer.reply(build(20), query, { max = len - 1 })
        assert.equal(TC, bit.band(packet.header(cut), TC))
        assert.is_true(#cut < len)
      end
    end)

    it("fails when not even the question does", function()
      assert.equal("ENOSPACE", select(3, answer.reply(build(1), ask(), { max = #ask() - 1 })))
    end)

    it("goes out whole over TCP", function()
      local long = answer.reply(build(250), with_edns())
      assert.equal(250, #core.wire.decode(long).answers)
    end)
  end)

  describe("in rotation", function()
    local function firsts(bytes, count)
      local seen = {}
      for rotation = 0, count - 1 do
        local message = core.wire.decode(answer.reply(bytes, ask(), { rotation = rotation }))
        assert.equal(3, #message.answers)
        seen[rotation + 1] = message.answers[1].data .. " " .. message.answers[3].data
      end
      return seen
    end

    it("turns the addresses", function()
      assert.same({
        "192.0.2.1 192.0.2.3",
        "192.0.2.2 192.0.2.1",
        "192.0.2.3 192.0.2.2",
        "192.0.2.1 192.0.2.3",
      }, firsts(build(3), 4))
    end)

    it("leaves the chain in front where it is", function()
      local built = answer.build("b.example.", "A", { "192.0.2.1", "192.0.2.2" }, 60)
      local chained = answer.alias(built, "mini2.local.", 60)
      assert.same(
        { "mini2.local. 60", "192.0.2.1" },
        (function()
          local message = core.wire.decode(answer.reply(chained, ask(), { rotation = 1 }))
          return {
            message.answers[1].name .. " " .. message.answers[1].ttl,
            message.answers[3].data,
          }
        end)()
      )
    end)

    it("leaves one address, denials and other types alone", function()
      local query = packet.query("mini2.local.", "MX")
      local mail =
        answer.build("mini2.local.", "MX", { "1 a.mini2.local.", "2 b.a.mini2.local." }, 60)
      assert.equal(answer.reply(mail, query), answer.reply(mail, query, { rotation = 1 }))
      assert.equal(answer.reply(build(1), ask()), answer.reply(build(1), ask(), { rotation = 7 }))
      local denied = answer.deny("mini2.local.", "A", "nodata", 5)
      assert.equal(answer.reply(denied, ask()), answer.reply(denied, ask(), { rotation = 1 }))
    end)
  end)
end)

describe("a refusal", function()
  it("repeats the question in the client's spelling, and holds nothing else", function()
    local question = packet.spelled("A.Example") .. packet.u16(252) .. packet.u16(1)
    local query = packet.query(nil, nil, { id = 7, question = question })
    assert.equal(
      packet.message { id = 7, flags = 0x8184, question = question },
      answer.refuse(query, 4)
    )
  end)

  it("repeats the opcode", function()
    local flags = packet.header(answer.refuse(packet.query("a.", "A", { flags = 0x2800 }), 4))
    assert.equal(0xa884, flags)
  end)

  it("does without the question where it could not be read", function()
    local refusal = answer.refuse(packet.message { id = 9, flags = 0x0100, counts = { 1 } }, 1)
    assert.equal(packet.message { id = 9, flags = 0x8181 }, refusal)
  end)

  it("tells BADVERS in both places that make up the code [RFC 6891 6.1.3: BADVERS]", function()
    local query = packet.query("a.example.", "A", { additionals = { packet.opt { version = 1 } } })
    local reply = answer.refuse(query, (answer.request(query)))
    assert.equal(0, bit.band((packet.header(reply)), 15))
    assert.equal(packet.opt { rcode = 1 }, reply:sub(-11))
  end)

  it("can say why", function()
    local edns =
      core.wire.decode(answer.refuse(with_edns(), 5, { ede_code = 18, ede_text = "not here" })).edns
    assert.same({ { code = 18, text = "not here" } }, edns.ede)
  end)

  it("is not sent to who sent a response", function()
    assert.equal("EMISMATCH", select(3, answer.refuse(ask { flags = 0x8000 }, 1)))
  end)
end)
