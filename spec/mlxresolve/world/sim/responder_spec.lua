local core = require("mlxresolve.core")
local responders = require("mlxresolve.world.sim.responder")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.responder", function()
  local bed, world, said

  -- What mini2 says: "ms to what": "0 224.0.0.251 A 192.0.2.2 120".
  local function start(kind, ttl)
    bed = sim_bed.new()
    world, said = bed.world, {}
    bed.mini2.responder = responders.new(world, bed.mini2, kind, ttl)
    local from = world.clock.time
    function world.net.on_packet(host, _, to, data)
      if host ~= bed.mini2 or to:find(":", 1, true) then
        return
      end
      local message, words = assert(core.wire.decode(data)), {}
      for _, list in ipairs { message.answers, message.additionals } do
        for _, record in ipairs(list) do
          words[#words + 1] = ("%s %s %d"):format(record.type, record.data, record.ttl)
        end
      end
      if #message.questions > 0 and not message.response then
        words[#words + 1] = "probe " .. message.questions[1].name
      end
      said[#said + 1] = { to = to, at = world.clock.time - from, text = table.concat(words, ", ") }
    end
  end

  local function ask(types, fields)
    fields = fields or {}
    local questions = {}
    for i, type in ipairs(types) do
      questions[i] = { name = fields.name or "mini2.local", type = type, unicast = fields.unicast }
    end
    bed.mini2.responder:hear(bed.en0, {
      data = core.wire.encode { id = 9, questions = questions },
      from = fields.from or "192.0.2.1",
      port = fields.port or 5353,
      to = fields.to or "224.0.0.251",
      to_port = 5353,
    }, bed.eth0)
    bed:pass(20)
  end

  local function texts()
    local list = {}
    for i, one in ipairs(said) do
      list[i] = one.to .. ": " .. one.text
    end
    return list
  end

  it("answers the group for its name and type, and nobody for others", function()
    start("avahi")
    ask { "A" }
    ask({ "A" }, { name = "mini3.local" })
    ask { "TXT" }
    assert.same({ "224.0.0.251: A 192.0.2.2 120" }, texts())
  end)

  it("denies a family that is not there, if it is Apple's", function()
    start("apple")
    world.net:set_addresses(bed.en0, { "192.0.2.2/24" })
    table.remove(bed.en0.addresses) -- the link-local one
    ask { "A", "AAAA" }
    assert.same({ "224.0.0.251: A 192.0.2.2 4500, NSEC mini2.local. A 4500" }, texts())
  end)

  it("answers by unicast when asked to, unless the group has to hear it anew", function()
    start("avahi")
    ask({ "A" }, { unicast = true })
    bed:pass(5000)
    ask({ "A" }, { unicast = true })
    bed:pass(31e3)
    ask({ "A" }, { unicast = true })
    assert.same({
      "224.0.0.251: A 192.0.2.2 120",
      "192.0.2.1: A 192.0.2.2 120",
      "224.0.0.251: A 192.0.2.2 120",
    }, texts())
  end)

  it("answers him alone who asks it directly", function()
    start("avahi")
    ask({ "A" }, { to = "192.0.2.2" })
    assert.same({ "192.0.2.1: A 192.0.2.2 120" }, texts())
  end)

  it("says nothing to the group twice within a second", function()
    start("avahi")
    ask { "A" }
    ask { "A" }
    bed:pass(1000)
    ask { "A" }
    assert.equal(2, #said)
  end)

  it("answers one-shot questions by unicast, for ten seconds", function()
    start("apple")
    ask({ "A" }, { port = 40000 })
    assert.same({ "192.0.2.1: A 192.0.2.2 10" }, texts())
  end)

  it("takes the time to live that it is given", function()
    start("avahi", 7)
    ask { "A" }
    assert.same({ "224.0.0.251: A 192.0.2.2 7" }, texts())
  end)

  it("probes three times, then announces twice, and answers nobody before", function()
    start("avahi")
    bed.mini2.responder:claim(bed.en0)
    ask { "A" }
    bed:pass(5000)
    local gaps = {}
    for i = 2, #said do
      gaps[i - 1] = math.floor(said[i].at - said[i - 1].at + 0.5)
    end
    assert.same({ 250, 250, 250, 1000 }, gaps)
    assert.is_true(said[1].at < 250)
    assert.equal("probe mini2.local.", said[3].text)
    assert.equal("A 192.0.2.2 120, AAAA fe80::2:2 120", said[4].text)
  end)

  it("ends a claim when the cable is pulled", function()
    start("avahi")
    bed.mini2.responder:claim(bed.en0)
    bed:pass(400)
    local count = #said
    bed.en0.is_up = false
    bed.mini2.responder:leave(bed.en0)
    bed.en0.is_up = true
    bed:pass(5000)
    assert.equal(count, #said)
  end)

  it("says goodbye with a time to live of nothing", function()
    start("avahi")
    bed.mini2.responder:say_goodbye(bed.en0, { bed.en0.addresses[1] })
    assert.same({ "224.0.0.251: A 192.0.2.2 0" }, texts())
  end)
end)
