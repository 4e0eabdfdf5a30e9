local core = require("mlxresolve.core")
local packet = require("support.packet")

local FORMERR, NOTIMP, REFUSED, BADVERS = 1, 4, 5, 16

--- The verdict alone.
local function verdict(bytes)
  return (core.answer.request(bytes))
end

local function with_additionals(...)
  return packet.query("a.example.", "A", { additionals = { ... } })
end

describe("a client's request", function()
  it("is to be answered when it is one plain question", function()
    local rcode, name, type, size = core.answer.request(packet.query("a.example.", "AAAA"))
    assert.same({ 0, "a.example.", "AAAA", 512 }, { rcode, name, type, size })
  end)

  it("names the question in lower case, whatever its spelling", function()
    local question = packet.spelled("MiNi2.LOCAL") .. packet.u16(1) .. packet.u16(1)
    local _, name = core.answer.request(packet.query(nil, nil, { question = question }))
    assert.equal("mini2.local.", name)
  end)

  it("may ask for the root, and for the longest name", function()
    assert.equal(0, verdict(packet.query(".", "NS")))
    local longest = ("a"):rep(63) .. "." .. ("b"):rep(63) .. "." .. ("c"):rep(63) .. "."
    assert.equal(0, verdict(packet.query(longest .. ("d"):rep(61) .. ".", "A")))
  end)

  it("may ask for ANY and for types that nobody knows", function()
    assert.equal(0, verdict(packet.query("a.example.", "ANY")))
    assert.equal(0, verdict(packet.query("a.example.", 65280)))
    assert.equal(0, verdict(packet.query("a.example.", 65535)))
  end)

  it("gets no reply when it is a response or has no header", function()
    local _, _, code = core.answer.request(packet.query("a.example.", "A", { flags = 0x8180 }))
    assert.equal("EMISMATCH", code)
    local whole = packet.query("a.example.", "A")
    for len = 0, 11 do
      assert.is_nil(verdict(whole:sub(1, len)))
    end
  end)

  it("is refused with FORMERR wherever it is cut off", function()
    local whole = packet.query("a.example.", "A", { additionals = { packet.opt() } })
    for len = 12, #whole - 1 do
      assert.equal(FORMERR, verdict(whole:sub(1, len)), len)
    end
    assert.equal(0, verdict(whole))
  end)

  it(
    "is refused with FORMERR without exactly one question [RFC 8906 3.1: other operations]",
    function()
      local question = packet.question("a.example.", "A")
      assert.equal(FORMERR, verdict(packet.message { flags = 0x0100 }))
      assert.equal(FORMERR, verdict(packet.message { question = { question, question } }))
      assert.equal(FORMERR, verdict(packet.query("a.example.", "A", { counts = { 65535 } })))
    end
  )

  it("is refused with FORMERR when the name is no name", function()
    local function asking(name)
      return packet.message { question = name .. packet.u16(1) .. packet.u16(1) }
    end
    local label = "\63" .. ("a"):rep(63)
    assert.equal(FORMERR, verdict(asking("\64abc\0")))
    assert.equal(FORMERR, verdict(asking("\128abc\0")))
    assert.equal(FORMERR, verdict(asking("\192\12")))
    assert.equal(FORMERR, verdict(asking("\1a\192\12")))
    assert.equal(FORMERR, verdict(asking(label:rep(3) .. "\62" .. ("a"):rep(62) .. "\0")))
    assert.equal(FORMERR, verdict(asking(("\1a"):rep(128) .. "\0")))
  end)

  it("is refused with FORMERR when bytes follow it", function()
    assert.equal(FORMERR, verdict(packet.query("a.example.", "A", { tail = "\0" })))
    local hidden = packet.query("a.example.", "A", { tail = packet.opt() })
    assert.equal(FORMERR, verdict(hidden))
  end)

  it("is refused with FORMERR when it brings records along", function()
    local record = packet.a("a.example.", 60, "192.0.2.1")
    assert.equal(FORMERR, verdict(packet.query("a.example.", "A", { answers = { record } })))
    assert.equal(FORMERR, verdict(packet.query("a.example.", "A", { authorities = { record } })))
  end)

  it("steps over records in its additional section that it does not know", function()
    local signature = packet.record("key.example.", 250, 0, ("s"):rep(40), 255)
    assert.equal(0, verdict(with_additionals(packet.opt(), signature)))
  end)

  it("is refused for types that are no data", function()
    for _, type in ipairs { 0, 41, 128, 249, 250 } do
      assert.equal(FORMERR, verdict(packet.query("a.example.", type)), type)
    end
    for _, type in ipairs { 200, 251, 252, 253, 254 } do
      assert.equal(NOTIMP, verdict(packet.query("a.example.", type)), type)
    end
  end)

  it("is refused for classes other than IN [RFC 1035 4.1.2: class]", function()
    for _, class in ipairs { 0, 3, 254, 255, 0x8001 } do
      local question = packet.question("a.example.", "A", class)
      assert.equal(REFUSED, verdict(packet.message { question = question }), class)
    end
  end)

  it(
    "is told NOTIMP for other operations, with and without a question"
      .. " [RFC 8906 3.1: other operations]",
    function()
      for opcode = 1, 15 do
        local flags = opcode * 2048
        assert.equal(NOTIMP, verdict(packet.query("a.example.", "A", { flags = flags })))
        assert.equal(NOTIMP, verdict(packet.message { flags = flags }))
        assert.equal(NOTIMP, verdict(packet.message { flags = flags, tail = "\255\255\255" }))
      end
    end
  )

  describe("with EDNS", function()
    local function size_of(opt)
      local _, _, _, size = core.answer.request(with_additionals(opt))
      return size
    end

    it("tells its size, which is never below 512 [RFC 6891 6.2.3: small sizes]", function()
      assert.equal(1232, size_of(packet.opt { size = 1232 }))
      assert.equal(65535, size_of(packet.opt { size = 65535 }))
      assert.equal(512, size_of(packet.opt { size = 0 }))
    end)

    it(
      "may have options that nobody knows, thousands of them [RFC 6891 6.1.2: unknown options]",
      function()
        local option = packet.u16(65001) .. packet.u16(2) .. "xx"
        assert.equal(0, verdict(with_additionals(packet.opt { options = option:rep(4000) })))
      end
    )

    it("is refused with FORMERR for a second OPT record [RFC 6891 6.1.1: one OPT]", function()
      assert.equal(FORMERR, verdict(with_additionals(packet.opt(), packet.opt())))
    end)

    it("is refused with FORMERR for an OPT record that is not the root's", function()
      local opt = packet.record("a.example.", "OPT", 0, "", 1232)
      assert.equal(FORMERR, verdict(with_additionals(opt)))
      assert.equal(FORMERR, verdict(with_additionals(packet.QUESTION .. packet.opt():sub(2))))
    end)

    it("is refused with FORMERR for an OPT record in another section", function()
      assert.equal(
        FORMERR,
        verdict(packet.query("a.example.", "A", { answers = { packet.opt() } }))
      )
      local misplaced = packet.query("a.example.", "A", { authorities = { packet.opt() } })
      assert.equal(FORMERR, verdict(misplaced))
    end)

    it("is refused with FORMERR when an option runs over the end", function()
      for _, options in ipairs { "\0", "\0\3\0", "\0\3\0\2x", "\0\3\255\255" } do
        assert.equal(FORMERR, verdict(with_additionals(packet.opt { options = options })))
      end
    end)

    it("is told BADVERS for versions to come [RFC 6891 6.1.3: BADVERS]", function()
      assert.equal(BADVERS, verdict(with_additionals(packet.opt { version = 1 })))
      assert.equal(BADVERS, verdict(with_additionals(packet.opt { version = 255 })))
    end)
  end)
end)
