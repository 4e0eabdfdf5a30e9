local core = require("mlxresolve.core")

local answer = core.answer

local function shown(bytes)
  local message = assert(core.wire.decode(bytes))
  local lines = {}
  for i, record in ipairs(message.answers) do
    lines[i] = ("%s %d %s %s"):format(record.name, record.ttl, record.type, record.data)
  end
  return lines, message
end

--- What an answer says, and for how long.
local function said(bytes)
  local status, ttl = answer.read(bytes)
  return { status, ttl }
end

describe("an alias", function()
  local target = answer.build("b.example.", "A", { "192.0.2.1", "192.0.2.2" }, 60)

  it("goes in front of the answer, under its own question", function()
    local lines, message = shown(assert(answer.alias(target, "A.Example", 30)))
    assert.same({
      "a.example. 30 CNAME b.example.",
      "b.example. 60 A 192.0.2.1",
      "b.example. 60 A 192.0.2.2",
    }, lines)
    assert.equal("a.example.", message.questions[1].name)
  end)

  it("can go in front of another", function()
    local twice = answer.alias(answer.alias(target, "a.example.", 30), "z.example.", 20)
    assert.equal(4, #shown(twice))
    assert.same({ "answer", 20, "z.example.", "A", 0 }, { answer.read(twice) })
  end)

  it("of a denial is that denial, with its SOA", function()
    local denied = answer.alias(answer.deny("b.example.", "A", "nxdomain", 40), "a.example.", 60)
    assert.same({ "nxdomain", 40 }, said(denied))
    local _, message = shown(denied)
    assert.equal("b.example.", message.authorities[1].name)
  end)

  it("is itself the answer to who asks for CNAME", function()
    local built = answer.build("b.example.", "CNAME", { "c.example." }, 60)
    assert.same(
      { "a.example. 30 CNAME b.example." },
      (shown(answer.alias(built, "a.example.", 30)))
    )
  end)

  it("of a failure is that failure", function()
    local query = core.wire.encode {
      questions = { { name = "b.example.", type = "A" } },
      rcode = 2,
      response = true,
    }
    local failure = assert(answer.scrub(query))
    local _, message = shown(answer.alias(failure, "a.example.", 30))
    assert.same(
      { 2, 0, "a.example." },
      { message.rcode, #message.answers, message.questions[1].name }
    )
  end)

  it("that would come back to itself fails", function()
    assert.equal("ELOOP", select(3, answer.alias(target, "B.EXAMPLE.", 30)))
    local aliased = answer.alias(target, "a.example.", 30)
    assert.equal("ELOOP", select(3, answer.alias(aliased, "b.example.", 30)))
  end)

  it("is the twelfth of a chain at most", function()
    local chain = target
    for i = 1, 12 do
      chain = assert(answer.alias(chain, ("n%d.example."):format(i), 30))
    end
    assert.equal("ELOOP", select(3, answer.alias(chain, "n13.example.", 30)))
  end)
end)

describe("reordering an answer", function()
  local function order_of(bytes)
    return (answer.data(bytes))
  end

  it("puts the records into the order that is asked for", function()
    local built = answer.build("a.example.", "A", { "192.0.2.1", "192.0.2.2", "192.0.2.3" }, 60)
    local reordered = answer.reorder(built, { 3, 1, 2 })
    assert.same({ "192.0.2.3", "192.0.2.1", "192.0.2.2" }, order_of(reordered))
    assert.equal(#built, #reordered)
  end)

  it("drops what is left out", function()
    local built = answer.build("a.example.", "AAAA", { "2001:db8::1", "2001:db8::2" }, 60)
    assert.same({ "2001:db8::2" }, order_of(answer.reorder(built, { 2 })))
  end)

  it("leaves NODATA when nothing is left", function()
    for type, data in pairs { A = "192.0.2.1", TXT = '"x"' } do
      local nothing = answer.reorder(answer.build("a.example.", type, { data }, 60), {})
      assert.same({ "nodata", 0 }, said(nothing))
    end
  end)

  it("keeps the chain in front", function()
    local built = answer.alias(
      answer.build("b.example.", "A", { "192.0.2.1", "192.0.2.2" }, 60),
      "a.example.",
      9
    )
    assert.same({
      "a.example. 9 CNAME b.example.",
      "b.example. 60 A 192.0.2.2",
      "b.example. 60 A 192.0.2.1",
    }, (shown(answer.reorder(built, { 2, 1 }))))
  end)

  it("keeps names whole that pointed at a record which moved", function()
    local texts = { "10 mail.a.example.", "20 mail.b.a.example.", "30 b.a.example." }
    local built = answer.build("a.example.", "MX", texts, 60)
    assert.same({ texts[3], texts[1], texts[2] }, order_of(answer.reorder(built, { 3, 1, 2 })))
    assert.same({ texts[2] }, order_of(answer.reorder(built, { 2 })))
  end)

  it("fails for positions that are not there, or come twice", function()
    local built = answer.build("a.example.", "A", { "192.0.2.1", "192.0.2.2" }, 60)
    assert.equal("EINVAL", select(3, answer.reorder(built, { 3 })))
    assert.equal("EINVAL", select(3, answer.reorder(built, { 1, 1 })))
    assert.equal("EINVAL", select(3, answer.reorder(answer.deny("a.", "A", "nodata", 1), { 1 })))
    assert.has_error(function()
      answer.reorder(built, { 0 })
    end)
  end)
end)

describe("a denial of our own", function()
  it("lasts as long as it is told to", function()
    local denied = answer.deny("No.Example", "AAAA", "nxdomain", 10)
    assert.same({ "nxdomain", 10, "no.example.", "AAAA", 3 }, { answer.read(denied) })
    assert.same({ "nodata", 20 }, said(answer.deny("no.example.", "A", "nodata", 20)))
  end)

  it("speaks for its own name only", function()
    local _, message = shown(answer.deny("no.example.", "A", "nxdomain", 10))
    assert.equal("no.example.", message.authorities[1].name)
    assert.matches(" 10$", message.authorities[1].data)
  end)

  it("survives being scrubbed by the next resolver", function()
    local denied = answer.deny("no.example.", "A", "nxdomain", 10)
    assert.equal(denied, (answer.scrub(denied)))
  end)
end)
