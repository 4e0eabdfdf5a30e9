local core = require("mlxresolve.core")
local samples = require("support.rdata_samples")
local bit = require("bit")

local wire = core.wire

local POINTERS_MAX = 64 -- in one name

local function be16(n)
  return string.char(bit.rshift(n, 8), n % 256)
end

--- A header with these counts; a response.
local function header(questions, answers, authorities, additionals)
  return "\0\7\132\0"
    .. be16(questions)
    .. be16(answers or 0)
    .. be16(authorities or 0)
    .. be16(additionals or 0)
end

--- A record, its names as they stand. `class` may have the top bit.
local function record(name, type, rdata, rdlength, class)
  return name .. be16(type) .. be16(class or 1) .. "\0\0\0\60" .. be16(rdlength or #rdata) .. rdata
end

local function fails(packet)
  local message, text, code = wire.decode(packet)
  assert.is_nil(message)
  assert.equal("EFORMAT", code)
  return text
end

local A = 1
local LOCAL = "\5mini2\5local\0"

--- The data of a packet's answers.
local function answers(packet)
  local data = {}
  for i, answer in ipairs(assert(wire.decode(packet)).answers) do
    data[i] = answer.data
  end
  return data
end

describe("core.wire, reading", function()
  it("reads header, question and records", function()
    local packet = "\18\52\133\131\0\1\0\1\0\0\0\0"
      .. "\5Mini2\5local\0\0\1\0\1"
      .. record("\192\12", A, "\192\0\2\1")
    assert.same({
      id = 0x1234,
      response = true,
      opcode = 0,
      rcode = 3,
      authoritative = true,
      truncated = false,
      recursion_desired = true,
      recursion_available = true,
      authentic = false,
      checking_disabled = false,
      questions = { { name = "mini2.local.", type = "A", class = "IN", unicast = false } },
      answers = {
        {
          name = "mini2.local.",
          type = "A",
          class = "IN",
          ttl = 60,
          data = "192.0.2.1",
          cache_flush = false,
        },
      },
      authorities = {},
      additionals = {},
    }, wire.decode(packet))
  end)

  it("tells the QU and the cache-flush bit from the class", function()
    local packet = header(1, 1)
      .. LOCAL
      .. "\0\1\128\1"
      .. record(LOCAL, A, "\192\0\2\1", nil, 0x8001)
    local message = assert(wire.decode(packet))
    assert.is_true(message.questions[1].unicast)
    assert.equal("IN", message.questions[1].class)
    assert.is_true(message.answers[1].cache_flush)
    assert.equal("IN", message.answers[1].class)
  end)

  it("takes a TTL with the top bit for 0 [RFC 2181 8: TTL range]", function()
    local packet = header(0, 1) .. LOCAL .. "\0\1\0\1\128\0\0\1\0\4\1\2\3\4"
    assert.equal(0, wire.decode(packet).answers[1].ttl)
  end)

  it("shows unknown types and classes as RFC 3597 says [RFC 3597 5: unknown types]", function()
    local packet = header(1, 2)
      .. "\0\255\0\0\7"
      .. record("\0", 65280, "\10\0\0\1")
      .. record("\0", A, "\1\2", nil, 3)
    local message = assert(wire.decode(packet))
    assert.same({ "TYPE65280", "CLASS7" }, {
      message.questions[1].type,
      message.questions[1].class,
    })
    assert.same({ "TYPE65280", "\\# 4 0a000001" }, {
      message.answers[1].type,
      message.answers[1].data,
    })
    assert.same({ "CH", "\\# 2 0102" }, { message.answers[2].class, message.answers[2].data })
  end)

  it("expands names in rdata of types that may be compressed", function()
    local target = header(1) .. LOCAL .. "\0\1\0\1"
    for type, rdata in pairs {
      [2] = "\192\12",
      [5] = "\1x\192\12",
      [12] = "\192\18",
      [15] = "\0\10\192\12",
      [17] = "\192\12\192\18",
      [18] = "\0\1\192\12",
      [26] = "\0\1\192\12\192\12",
      [33] = "\0\0\0\0\0\80\192\12",
      [35] = "\0\0\0\0\0\0\0\192\12",
      [36] = "\0\1\192\12",
      [39] = "\192\12",
      [47] = "\192\12\0\1\64",
    } do
      local packet = header(1, 1) .. target:sub(13) .. record("\0", type, rdata)
      local data = answers(packet)[1]
      assert.matches("local%.", data)
    end
  end)

  it("takes a TXT record without strings for one empty string [RFC 6763 6.1: empty TXT]", function()
    assert.same({ '""' }, answers(header(0, 1) .. record("\0", 16, "")))
  end)

  it(
    "does not lose a message to an NSEC that cannot be read [RFC 6762 6.1: unreadable NSEC]",
    function()
      for _, rdata in ipairs {
        "\192\99",
        "\0\0",
        "\0\0\0",
        "\0\0\33" .. ("\1"):rep(33),
        "\0\0\1\64\0\1\64",
        "\0\0\4\64",
      } do
        local packet = header(0, 2) .. record("\0", 47, rdata) .. record("\0", A, "\1\2\3\4")
        local data = answers(packet)
        assert.matches("^\\# %d", data[1])
        assert.equal("1.2.3.4", data[2])
      end
    end
  )
end)

describe("core.wire, EDNS", function()
  local function with_opt(...)
    return header(0, 0, 0, select("#", ...)) .. table.concat { ... }
  end
  local function opt(options, class, ttl, name)
    return (name or "\0")
      .. "\0\41"
      .. be16(class or 1232)
      .. (ttl or "\0\0\0\0")
      .. be16(#options)
      .. options
  end

  it("reads size, version, DO, the whole rcode and options", function()
    local message = assert(wire.decode(with_opt(opt("\0\12\0\2ab", 4096, "\1\2\128\0"))))
    assert.equal(16 + 0, message.rcode)
    assert.same({
      udp_size = 4096,
      version = 2,
      dnssec_ok = true,
      options = { { code = 12, data = "ab" } },
      ede = {},
    }, message.edns)
    assert.same({}, message.additionals)
  end)

  it("takes sizes below 512 for 512 [RFC 6891 6.2.3: small sizes]", function()
    assert.equal(512, wire.decode(with_opt(opt("", 100))).edns.udp_size)
  end)

  it("reads extended errors, with a final NUL or none (RFC 8914)", function()
    local options = "\0\15\0\7\0\22hello" .. "\0\15\0\3\0\3\0" .. "\0\15\0\2\0\4" .. "\0\15\0\1\0"
    local edns = wire.decode(with_opt(opt(options))).edns
    assert.same({
      { code = 22, text = "hello" },
      { code = 3, text = "" },
      { code = 4, text = "" },
    }, edns.ede)
    assert.equal(4, #edns.options)
  end)

  it(
    "refuses two OPT records, one with an owner, one elsewhere [RFC 6891 6.1.1: one OPT]",
    function()
      assert.equal("additionals[2]: malformed packet", fails(with_opt(opt(""), opt(""))))
      fails(with_opt(opt("", nil, nil, "\1a\0")))
      fails(header(0, 1) .. opt(""))
    end
  )

  it("refuses options that overrun", function()
    fails(with_opt(opt("\0\12\0\3ab")))
    fails(with_opt(opt("\0\12\0")))
    fails(with_opt(opt("\0\12\255\255")))
  end)

  it("survives thousands of options", function()
    local message = assert(wire.decode(with_opt(opt(("\0\3\0\0"):rep(4000)))))
    assert.equal(4000, #message.edns.options)
  end)
end)

describe("core.wire, packets that lie", function()
  it("refuses packets shorter than a header", function()
    for n = 0, 11 do
      assert.equal("header: malformed packet", fails(("\0"):rep(n)))
    end
  end)

  it("refuses trailing bytes", function()
    assert.equal("trailing bytes: malformed packet", fails(header(0) .. "\0"))
  end)

  it("allocates nothing for counts that nothing stands behind", function()
    collectgarbage()
    local before = collectgarbage("count")
    fails(header(65535, 65535, 65535, 65535))
    assert.is_true(collectgarbage("count") - before < 64)
  end)

  it(
    "refuses pointers to themselves, forward, into the header and in a circle"
      .. " [RFC 1035 4.1.4: pointers]",
    function()
      for _, name in ipairs {
        "\192\12", -- itself
        "\192\14\1a\0", -- forward
        "\192\0", -- into the header
        "\192\11",
        "\1a\192\12", -- into its own run of labels
        "\192\14\192\12", -- two in a circle
        "\255\255", -- far beyond
        "\192", -- cut
      } do
        fails(header(1) .. name .. "\0\1\0\1")
      end
    end
  )

  it("refuses the label types 0x40 and 0x80", function()
    fails(header(1) .. "\64a\0\0\1\0\1")
    fails(header(1) .. "\128a\0\0\1\0\1")
  end)

  it(
    "takes names of 255 bytes and refuses longer ones, pointers or not"
      .. " [RFC 1035 2.3.4: name limits]",
    function()
      local label = "\63" .. ("a"):rep(63)
      local function question(name)
        return header(1) .. name .. "\0\1\0\1"
      end
      assert.is_truthy(wire.decode(question(label:rep(3) .. "\61" .. ("a"):rep(61) .. "\0")))
      fails(question(label:rep(3) .. "\62" .. ("a"):rep(62) .. "\0"))
      assert.is_truthy(wire.decode(question(("\1a"):rep(127) .. "\0")))
      fails(question(("\1a"):rep(128) .. "\0"))
      local first = label:rep(3) .. "\0\0\1\0\1"
      assert.is_truthy(
        wire.decode(header(2) .. first .. "\61" .. ("a"):rep(61) .. "\192\12\0\1\0\1")
      )
      fails(header(2) .. first .. "\62" .. ("a"):rep(62) .. "\192\12\0\1\0\1")
    end
  )

  --- Questions whose names are pointers, each to the one before.
  local function chain(n)
    local parts, at = { "\1a\0\0\1\0\1" }, 12
    for i = 1, n do
      parts[#parts + 1] = be16(0xc000 + at) .. "\0\1\0\1"
      at = i == 1 and 12 + 7 or at + 6
    end
    return header(n + 1) .. table.concat(parts)
  end

  it("follows a bounded number of pointers in one name", function()
    assert.is_truthy(wire.decode(chain(POINTERS_MAX)))
    fails(chain(POINTERS_MAX + 1))
    fails(chain(1500))
  end)

  it("reads 64 kB of the longest names in linear time", function()
    -- 63 labels, each reached by a pointer of its own; then names that point at the last.
    local parts, at = { "\1a\0\0\1\0\1" }, 12
    for i = 1, POINTERS_MAX - 1 do
      parts[#parts + 1] = "\1a" .. be16(0xc000 + at) .. "\0\1\0\1"
      at = i == 1 and 12 + 7 or at + 8
    end
    local n = 10000
    parts[#parts + 1] = (be16(0xc000 + at) .. "\0\1\0\1"):rep(n)
    local packet = header(POINTERS_MAX + n) .. table.concat(parts)
    local start = os.clock()
    local message = assert(wire.decode(packet))
    assert.is_true(os.clock() - start < 0.5)
    assert.equal(POINTERS_MAX + n, #message.questions)
    assert.equal(2 * POINTERS_MAX, #message.questions[POINTERS_MAX + n].name)
  end)

  it("refuses an RDLENGTH that lies", function()
    local rest = record("\0", A, "\5\6\7\8")
    for _, rdlength in ipairs { 0, 1, 3, 5, 19, 20, 65535 } do
      fails(header(0, 2) .. record("\0", A, "\1\2\3\4", rdlength) .. rest)
    end
    -- Longer than the name in it, and shorter.
    fails(header(0, 1) .. record("\0", 12, "\1a\0\0"))
    fails(header(0, 2) .. record("\0", 12, "\1a\0", 2) .. rest)
  end)

  it("reads every sample, and none of its prefixes", function()
    for _, sample in ipairs(samples) do
      local packet = assert(wire.encode {
        response = true,
        questions = { { name = "a.example", type = sample.type } },
        answers = { { name = "a.example", type = sample.type, data = sample.text } },
      })
      assert.is_truthy(wire.decode(packet))
      for n = 0, #packet - 1 do
        fails(packet:sub(1, n))
      end
    end
  end)

  it("survives rdata of every type, cut at every byte and with RDLENGTH to fit", function()
    for _, sample in ipairs(samples) do
      local packet = assert(wire.encode {
        answers = { { name = ".", type = sample.type, data = sample.text } },
      })
      for n = 0, #packet - 24 do
        wire.decode(packet:sub(1, 21) .. be16(n) .. packet:sub(24, 23 + n))
      end
    end
  end)

  it("survives questions for every type", function()
    for type = 0, 65535, 5 do
      local message = assert(wire.decode(header(1) .. "\0" .. be16(type) .. "\0\1"))
      assert.equal(wire.type_name(type), message.questions[1].type)
    end
  end)

  it("reads 4,000 addresses in one packet, and writes them, in linear time", function()
    local list = {}
    for i = 1, 4000 do
      list[i] = {
        name = "many.example.",
        type = "A",
        ttl = 60,
        data = ("10.0.%d.%d"):format(i / 256, i % 256),
      }
    end
    local start = os.clock()
    local packet = assert(wire.encode { answers = list })
    assert.equal(4000, #assert(wire.decode(packet)).answers)
    assert.is_true(os.clock() - start < 0.5)
    assert.equal(12 + 4000 * 16 + 12, #packet)
  end)

  it("does not slow down over names made to resemble each other", function()
    local list = {}
    for i = 1, 240 do
      list[i] = {
        name = ("a."):rep(124) .. ("%02x"):format(i) .. ".",
        type = "PTR",
        data = "b." .. ("a."):rep(120) .. ("%03x"):format(i) .. ".",
      }
    end
    local start = os.clock()
    local packet = assert(wire.encode({ answers = list }, { max = 65535 }))
    assert.is_true(os.clock() - start < 0.5)
    assert.is_truthy(wire.decode(packet))
  end)
end)

describe("core.wire, writing", function()
  it("compresses owners and the names in rdata", function()
    local packet = assert(wire.encode {
      response = true,
      questions = { { name = "mini2.local", type = "A" } },
      answers = {
        { name = "mini2.local", type = "CNAME", data = "mini3.local" },
        { name = "mini3.local", type = "A", data = "192.0.2.1" },
      },
    })
    assert.equal(
      "\0\0\128\0\0\1\0\2\0\0\0\0"
        .. "\5mini2\5local\0\0\1\0\1"
        .. "\192\12\0\5\0\1\0\0\0\0\0\8\5mini3\192\18"
        .. "\192\41\0\1\0\1\0\0\0\0\0\4\192\0\2\1",
      packet
    )
  end)

  it("keeps the spelling, so another one is no target", function()
    local packet = assert(wire.encode {
      questions = { { name = "Mini2.local", type = "A" } },
      answers = { { name = "mini2.local", type = "PTR", data = "Mini2.local" } },
    })
    assert.is_truthy(packet:find("\5mini2\192\18", 1, true))
    assert.is_truthy(packet:find("\0\2\192\12", 1, true))
  end)

  --- A message of one record, named and pointing into example.; its length.
  local function length(type, data, options)
    return #assert(wire.encode({
      questions = { { name = "host.example", type = "A" } },
      answers = { { name = "host.example", type = type, data = data } },
    }, options))
  end

  it(
    "compresses in unicast only what RFC 1035 defined, in mDNS what RFC 6762 lists"
      .. " [RFC 6762 18.14: compression] [RFC 3597 4: not compressed]",
    function()
      local rdata = {
        NS = { "host.example", both = true },
        CNAME = { "host.example", both = true },
        PTR = { "host.example", both = true },
        SOA = { "host.example host.example 1 2 3 4 5", both = true, names = 2 },
        MX = { "1 host.example", both = true },
        MINFO = { "host.example host.example", both = true, names = 2 },
        DNAME = { "host.example" },
        AFSDB = { "1 host.example" },
        RT = { "1 host.example" },
        KX = { "1 host.example" },
        RP = { "host.example host.example", names = 2 },
        PX = { "1 host.example host.example", names = 2 },
        SRV = { "1 2 3 host.example" },
        NSEC = { "host.example A" },
      }
      for type, case in pairs(rdata) do
        local saved = (case.names or 1) * 12 -- 14 bytes become 2
        local unicast, mdns = length(type, case[1]), length(type, case[1], { mdns = true })
        assert.equal(case.both and 0 or saved, unicast - mdns, type)
      end
      for type, data in pairs {
        NAPTR = '1 2 "" "" "" host.example',
        HTTPS = "1 host.example",
        LP = "1 host.example",
        RRSIG = "A 1 1 1 1 1 1 host.example AQID",
      } do
        assert.equal(length(type, data), length(type, data, { mdns = true }), type)
      end
    end
  )

  it("never compresses rdata that it does not know [RFC 3597 4: not compressed]", function()
    local packet = assert(wire.encode {
      questions = { { name = "a.example", type = "TYPE65280" } },
      answers = {
        { name = "a.example", type = "TYPE65280", data = "\\# 11 0161076578616d706c6500" },
      },
    })
    assert.equal("\1a\7example\0", packet:sub(-11))
  end)

  it("points only to the first 16 kB", function()
    local list = {}
    for i = 1, 2000 do
      list[i] = { name = ("n%d.example"):format(i), type = "A", data = "192.0.2.1" }
    end
    list[2001] = { name = "last.example.org", type = "A", data = "192.0.2.1" }
    list[2002] = { name = "last.example.org", type = "A", data = "192.0.2.1" }
    local message = assert(wire.decode(assert(wire.encode { answers = list })))
    for i, answer in ipairs(message.answers) do
      assert.equal(list[i].name .. ".", answer.name)
    end
  end)

  it("says again what it read", function()
    local message = {
      id = 7,
      response = true,
      opcode = 0,
      rcode = 22,
      authoritative = true,
      truncated = true,
      recursion_desired = true,
      recursion_available = true,
      authentic = true,
      checking_disabled = true,
      questions = { { name = "a.local.", type = "ANY", class = "CLASS9", unicast = true } },
      answers = {},
      authorities = {},
      additionals = {},
      edns = {
        udp_size = 1400,
        version = 1,
        dnssec_ok = true,
        options = { { code = 15, data = "\0\3old" }, { code = 10, data = "12345678" } },
        ede = { { code = 3, text = "old" } },
      },
    }
    for i, sample in ipairs(samples) do
      local section = ({ "answers", "authorities", "additionals" })[i % 3 + 1]
      table.insert(message[section], {
        name = "a.local.",
        type = sample.type,
        class = "IN",
        ttl = i,
        data = sample.canonical,
        cache_flush = i % 2 == 0,
      })
    end
    assert.same(message, wire.decode(assert(wire.encode(message))))
    assert.same(message, wire.decode(assert(wire.encode(message, { mdns = true }))))
  end)

  it("leaves out what does not fit and says so with TC", function()
    local message = {
      questions = { { name = "a.example", type = "A" } },
      answers = {},
      edns = { udp_size = 1232, options = { { code = 15, data = "\0\22why" } } },
    }
    for i = 1, 100 do
      message.answers[i] = { name = "a.example", type = "A", data = "192.0.2." .. i }
    end
    local packet = assert(wire.encode(message, { max = 512 }))
    assert.is_true(#packet <= 512 and #packet > 512 - 16)
    local got = assert(wire.decode(packet))
    assert.is_true(got.truncated)
    assert.equal("192.0.2." .. #got.answers, got.answers[#got.answers].data)
    assert.equal(22, got.edns.ede[1].code)
  end)

  it("does not set TC for additional records (RFC 2181 section 9)", function()
    local message = { questions = { { name = "a.example", type = "A" } }, additionals = {} }
    for i = 1, 100 do
      message.additionals[i] = { name = "a.example", type = "A", data = "192.0.2." .. i }
    end
    assert.is_false(wire.decode(assert(wire.encode(message, { max = 512 }))).truncated)
  end)

  it("fails when a message has no room at all", function()
    local list = {}
    for i = 1, 300 do
      list[i] = { name = ".", type = "TXT", data = ('"%s"'):format(("x"):rep(250)) }
    end
    local packet, message, code = wire.encode { answers = list }
    assert.is_nil(packet)
    assert.matches("^answers%[%d+%]: message: does not fit$", message)
    assert.equal("ENOSPACE", code)
    assert.is_nil(wire.encode({}, { max = 11 }))
    assert.is_nil(wire.encode({ questions = { { name = "a.example", type = "A" } } }, { max = 20 }))
  end)

  it("names the entry, the field and the text that cannot be read", function()
    local function why(entry)
      local packet, message, code = wire.encode {
        answers = { { name = ".", type = "A", data = "192.0.2.1" }, entry },
      }
      assert.is_nil(packet)
      assert.equal("ETEXT", code)
      return message
    end
    assert.equal(
      'answers[2]: data "1.2.3": cannot be read',
      why {
        name = ".",
        type = "A",
        data = "1.2.3",
      }
    )
    assert.equal('answers[2]: name "a..b": cannot be read', why { name = "a..b", type = "A" })
    assert.equal('answers[2]: type "AX": cannot be read', why { name = ".", type = "AX" })
    assert.equal(
      'answers[2]: class "XX": cannot be read',
      why {
        name = ".",
        type = "A",
        class = "XX",
      }
    )
  end)

  it("raises for what is no message", function()
    for message, fields in pairs {
      ["answers: expected a list, got string"] = { answers = "x" },
      ["answers%[1%]: expected a table, got string"] = { answers = { "x" } },
      ["name: expected a string, got nil"] = { answers = { { type = "A" } } },
      ["data: expected a string, got number"] = {
        answers = { { name = ".", type = "A", data = 1 } },
      },
      ["id: expected a number from 0 to 65535"] = { id = 65536 },
    } do
      assert.error_matches(function()
        wire.encode(fields)
      end, message)
    end
  end)
end)

describe("core.wire, types", function()
  it("knows mnemonics and numbers", function()
    assert.equal(65, wire.type_number("https"))
    assert.equal(65, wire.type_number("TYPE65"))
    assert.equal(255, wire.type_number("*"))
    assert.equal("HTTPS", wire.type_name(65))
    assert.equal("TYPE0", wire.type_name(0))
    assert.equal("TYPE65535", wire.type_name(65535))
    for type = 0, 65535 do
      assert.equal(type, wire.type_number(wire.type_name(type)))
    end
  end)

  it("refuses what is no type", function()
    for _, text in ipairs { "", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "TYPE000001", "AA" } do
      local number, message, code = wire.type_number(text)
      assert.is_nil(number)
      assert.matches("cannot be read$", message)
      assert.equal("ETEXT", code)
    end
    assert.has_error(function()
      wire.type_name(65536)
    end)
  end)
end)
