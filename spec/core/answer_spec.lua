local core = require("mlxresolve.core")
local packet = require("support.packet")

local answer = core.answer

local function decode(bytes)
  return assert(core.wire.decode(bytes))
end

--- What an answer says, and for how long.
local function said(bytes)
  local status, ttl = answer.read(bytes)
  return { status, ttl }
end

describe("a canonical answer", function()
  it("is built from the texts of its records", function()
    local built = assert(answer.build("Mini2.Local", "A", { "192.0.2.1", "192.0.2.2" }, 120))
    local message = decode(built)
    assert.same({ true, true, 0, 0 }, {
      message.response,
      message.recursion_available,
      message.rcode,
      message.id,
    })
    assert.equal("mini2.local.", message.questions[1].name)
    assert.equal("192.0.2.2", message.answers[2].data)
    assert.equal(120, message.answers[2].ttl)
  end)

  it("says what it says without being decoded", function()
    local built = answer.build("mini2.local.", "AAAA", { "2001:db8::1" }, 75)
    assert.same({ "answer", 75, "mini2.local.", "AAAA", 0 }, { answer.read(built) })
  end)

  it("gives the texts of its records back", function()
    local texts = { "0 5 50051 mini2.local.", "0 5 50052 mini3.local." }
    local data, ttl = answer.data(answer.build("_grpc._tcp.local.", "SRV", texts, 60))
    assert.same(texts, data)
    assert.equal(60, ttl)
  end)

  it("without records is a denial that lasts", function()
    for _, none in ipairs { false, {} } do
      local built = answer.build("a.example.", "A", none or nil, 30)
      assert.same({ "nodata", 30 }, said(built))
      assert.equal("SOA", decode(built).authorities[1].type)
      assert.same({}, answer.data(built))
    end
  end)

  it("refuses to be built from what is no record", function()
    local built, message, code = answer.build("a.example.", "A", { "192.0.2.1", "300.1.1.1" }, 60)
    assert.is_nil(built)
    assert.equal("ETEXT", code)
    assert.matches("300.1.1.1", message, 1, true)
    assert.equal("ETEXT", select(3, answer.build("a..example.", "A", nil, 60)))
    assert.equal("ETEXT", select(3, answer.build("a.example.", "NOPE!", nil, 60)))
    assert.has_error(function()
      answer.build("a.example.", "A", { 1 }, 60)
    end)
  end)

  it("takes the lowest of its TTLs for its own", function()
    local scrubbed = assert(answer.scrub(packet.reply("www.example.", "A", {
      answers = {
        packet.cname("www.example.", 5, "a.example."),
        packet.a("a.example.", 60, "192.0.2.1"),
      },
    })))
    assert.same({ "answer", 5 }, said(scrubbed))
  end)

  it("is told from anything else", function()
    local built = answer.build("a.example.", "A", { "192.0.2.1", "192.0.2.2" }, 60)
    for len = 0, #built - 1 do
      assert.is_nil((answer.read(built:sub(1, len))), len)
    end
    assert.equal("EFORMAT", select(3, answer.read(built .. "\0")))
    assert.equal("EFORMAT", select(3, answer.read("hello, this is no packet at all")))
    local pointed = packet.message { flags = 0x8180, question = "\192\0\0\1\0\1" }
    assert.is_nil((answer.read(pointed)))
  end)
end)
