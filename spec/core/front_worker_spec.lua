local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")
local front_rig = require("support.front")
local uv = require("luv")

local FORMERR, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 1, 3, 4, 5, 16
local SILENCE = 0.05

local function word(number)
  return string.char(math.floor(number / 256), number % 256)
end

--- A header with the given flags and counts, and what follows.
local function packet_of(flags, counts, rest)
  local parts = { word(0x1234), word(flags) }
  for i = 1, 4 do
    parts[#parts + 1] = word(counts[i] or 0)
  end
  return table.concat(parts) .. (rest or "")
end

local QUESTION = "\3one\4test\0\0\1\0\1"
local OPT = "\0\0\41\4\208\0\0\0\0\0\0"

describe("mlxresolve.core.front: datagrams", function()
  local rig

  before_each(function()
    rig = front_rig.open()
    rig:put("one.test.", "A", { "192.0.2.1" })
  end)

  after_each(function()
    rig:close()
  end)

  it("answers a cached question while Lua is busy", function()
    local socket = dns_client.udp(rig.endpoint)
    socket:send(front_rig.query("one.test."))
    local give_up = uv.hrtime() + 2e9
    while rig.front:stats().hits == 0 and uv.hrtime() < give_up do -- luacheck: ignore
    end
    assert.equal(1, rig.front:stats().hits)
    assert.equal("192.0.2.1", core.wire.decode(socket:receive()).answers[1].data)
    socket:close()
  end)

  it("answers other types of a name that does not exist [RFC 2308 5: any type]", function()
    local denial = core.answer.deny("no.test.", "A", "nxdomain", 60)
    assert(rig.cache:put(denial, core.now(), { by_name = true }))
    local reply = rig:ask(front_rig.query("no.test.", "TXT"))
    assert.equal(NXDOMAIN, reply.rcode)
    assert.equal("TXT", reply.questions[1].type)
    assert.equal("SOA", reply.authorities[1].type)
    assert.equal(0, #rig.pending)
  end)

  it("repeats the client's ID, RD and spelling of the name", function()
    local raw = rig:ask_raw("\171\205\1\0\0\1\0\0\0\0\0\0\3OnE\4tEST\0\0\1\0\1")
    assert.equal("\171\205", raw:sub(1, 2))
    assert.matches("\3OnE\4tEST\0", raw, 13, true)
    local reply = core.wire.decode(raw)
    assert.is_true(reply.response)
    assert.is_true(reply.recursion_desired)
    assert.is_true(reply.recursion_available)
    assert.equal("one.test.", reply.answers[1].name)
  end)

  it("counts the TTL down", function()
    rig:put("old.test.", "A", { "192.0.2.1" }, 100000)
    assert.equal(200, rig:ask(front_rig.query("old.test.")).answers[1].ttl)
  end)

  it("asks the brain when an answer has run out", function()
    rig:put("over.test.", "A", { "192.0.2.1" }, 301000)
    rig.answer = function()
      return { "192.0.2.2" }
    end
    assert.equal("192.0.2.2", rig:ask(front_rig.query("over.test.")).answers[1].data)
  end)

  it("truncates to 512 bytes without EDNS", function()
    local addresses = {}
    for i = 1, 60 do
      addresses[i] = "192.0.2." .. i
    end
    rig:put("many.test.", "A", addresses)
    local raw = rig:ask_raw(front_rig.query("many.test."))
    assert.is_true(#raw <= 512)
    assert.is_true(core.wire.decode(raw).truncated)
  end)

  it(
    "sends as much as the client's EDNS size allows, and no more than 1232"
      .. " [RFC 9715 3.2: payload]",
    function()
      local addresses = {}
      for i = 1, 60 do
        addresses[i] = "192.0.2." .. i
      end
      rig:put("many.test.", "A", addresses)
      local reply = rig:ask(front_rig.query("many.test.", "A", { edns = { udp_size = 1232 } }))
      assert.is_false(reply.truncated)
      assert.equal(60, #reply.answers)
      for i = 61, 120 do
        addresses[i] = "192.0.2." .. i
      end
      rig:put("more.test.", "A", addresses)
      local raw = rig:ask_raw(front_rig.query("more.test.", "A", { edns = { udp_size = 4096 } }))
      assert.is_true(#raw <= 1232)
      assert.is_true(core.wire.decode(raw).truncated)
    end
  )

  it("truncates an answer that is larger than any datagram", function()
    local texts = {}
    for i = 1, 60 do
      texts[i] = '"' .. ("%02d"):format(i) .. ("x"):rep(200) .. '"'
    end
    rig:put("huge.test.", "TXT", texts)
    local reply = rig:ask(front_rig.query("huge.test.", "TXT"))
    assert.is_true(reply.truncated)
  end)

  it("lets dig retry a truncated answer over TCP", function()
    local addresses = {}
    for i = 1, 200 do
      addresses[i] = "192.0.2." .. i
    end
    rig:put("many.test.", "A", addresses)
    local port = rig.endpoint:match(":(%d+)$")
    local dig = "dig @127.0.0.1 +short +tries=1 -p %s many.test A 2>&1"
    local pipe = assert(io.popen(dig:format(port)))
    local _, lines = pipe:read("*a"):gsub("192%.0%.2%.%d+", "")
    pipe:close()
    assert.equal(200, lines)
    assert.equal(1, rig.front:stats().tcp_connections)
  end)

  it("refuses with FORMERR what cannot be read", function()
    local malformed = {
      ["no question"] = packet_of(0x0100, { 0 }),
      ["two questions"] = packet_of(0x0100, { 2 }, QUESTION .. QUESTION),
      ["a question cut short"] = packet_of(0x0100, { 1 }, QUESTION:sub(1, -3)),
      ["a pointer to itself"] = packet_of(0x0100, { 1 }, "\192\12\0\1\0\1"),
      ["a pointer forwards"] = packet_of(0x0100, { 1 }, "\192\20\0\1\0\1\0\0\0"),
      ["a label of 64 bytes"] = packet_of(0x0100, { 1 }, "\64" .. ("x"):rep(64) .. "\0\0\1\0\1"),
      ["a name of 256 bytes"] = packet_of(
        0x0100,
        { 1 },
        ("\63" .. ("x"):rep(63)):rep(3) .. "\62" .. ("x"):rep(62) .. "\0\0\1\0\1"
      ),
      ["two OPTs"] = packet_of(0x0100, { 1, 0, 0, 2 }, QUESTION .. OPT .. OPT),
    }
    for what, packet in pairs(malformed) do
      local raw = rig:ask_raw(packet)
      assert.is_string(raw, what)
      assert.equal("\18\52", raw:sub(1, 2), what)
      assert.is_true(raw:byte(3) >= 128, what)
      assert.equal(FORMERR, raw:byte(4) % 16, what)
    end
  end)

  it("answers BADVERS to a later version of EDNS", function()
    local opt = "\0\0\41\4\208\0\1\0\0\0\0"
    local reply = rig:ask(packet_of(0x0100, { 1, 0, 0, 1 }, QUESTION .. opt))
    assert.equal(BADVERS, reply.rcode)
    assert.equal(0, reply.edns.version)
  end)

  it("takes an EDNS size below 512 for 512 and passes over unknown options", function()
    local opt = "\0\0\41\0\100\0\0\0\0\0\8\253\232\0\4abcd"
    local reply = rig:ask(packet_of(0x0100, { 1, 0, 0, 1 }, QUESTION .. opt))
    assert.equal("192.0.2.1", reply.answers[1].data)
    assert.is_table(reply.edns)
  end)

  it("answers NOTIMP to NOTIFY, UPDATE and unknown opcodes", function()
    for _, opcode in ipairs { 1, 2, 4, 5, 15 } do
      local reply = rig:ask_raw(packet_of(opcode * 2048, { 1 }, QUESTION))
      assert.equal(NOTIMP, reply:byte(4) % 16, "opcode " .. opcode)
    end
  end)

  it(
    "answers other operations with an OPT record to those who sent one"
      .. " [RFC 6891 6.1.1: OPT in replies]",
    function()
      for _, opcode in ipairs { 1, 2, 4, 15 } do
        local reply = rig:ask(packet_of(opcode * 2048, { 1, 0, 0, 1 }, QUESTION .. OPT))
        assert.equal(NOTIMP, reply.rcode)
        assert.is_table(reply.edns, "opcode " .. opcode)
      end
    end
  )

  it("refuses classes other than IN", function()
    for _, class in ipairs { 0, 3, 4, 255 } do
      local reply = rig:ask(packet_of(0x0100, { 1 }, "\3one\4test\0\0\1" .. word(class)))
      assert.is_true(reply.rcode == REFUSED or reply.rcode == NOTIMP, "class " .. class)
      assert.equal(0, #reply.answers)
    end
  end)

  it("never answers a response", function()
    for _, flags in ipairs { 0x8000, 0x8180, 0xffff } do
      assert.is_nil(rig:ask_raw(packet_of(flags, { 1 }, QUESTION), SILENCE))
    end
    assert.equal(3, rig.front:stats().dropped)
  end)

  it("drops datagrams that are shorter than a header or longer than it reads", function()
    local socket = dns_client.udp(rig.endpoint)
    for length = 0, 11 do
      socket:send(("\0"):rep(length))
    end
    socket:send(packet_of(0x0100, { 1 }, QUESTION) .. ("\0"):rep(5000))
    assert.is_true(rig:await_stat("dropped", 13))
    assert.equal(0, rig.front:stats().replies)
    socket:close()
    assert.equal("192.0.2.1", rig:ask(front_rig.query("one.test.")).answers[1].data)
  end)

  it("outlives random bytes", function()
    math.randomseed(7)
    local socket = dns_client.udp(rig.endpoint)
    for _ = 1, 500 do
      local bytes = {}
      for i = 1, math.random(0, 100) do
        bytes[i] = string.char(math.random(0, 255))
      end
      socket:send(table.concat(bytes))
    end
    dns_client.wait(function()
      return rig.front:stats().queries == 500
    end)
    socket:close()
    assert.equal("192.0.2.1", rig:ask(front_rig.query("one.test.")).answers[1].data)
  end)

  it("answers a hundred questions that arrive together", function()
    local socket = dns_client.udp(rig.endpoint)
    for id = 1, 100 do
      socket:send(front_rig.query("one.test.", "A", { id = id }))
    end
    local seen = {}
    for _ = 1, 100 do
      seen[core.wire.decode(assert(socket:receive())).id] = true
    end
    for id = 1, 100 do
      assert.is_true(seen[id])
    end
    socket:close()
  end)
end)
