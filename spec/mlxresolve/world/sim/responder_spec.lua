local core = require("mlxresolve.core")
local responders = require("mlxresolve.world.sim.responder")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.responder", function()
  local bed, world, said

  -- What mini2 says: "ms to what": "0 224.0.0.251 A 192.0.2.2 120".
  local function start(kind, ttl, services)
    bed = sim_bed.new()
    world, said = bed.world, {}
    bed.mini2.responder = responders.new(world, bed.mini2, kind, { ttl = ttl, services = services })
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
      data = core.wire.encode {
        id = 9,
        questions = questions,
        answers = fields.answers,
        truncated = fields.truncated,
      },
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

  it("says each record to the group for itself", function()
    start("avahi")
    ask { "A" }
    ask { "A", "AAAA" }
    assert.same({ "224.0.0.251: A 192.0.2.2 120", "224.0.0.251: AAAA fe80::2:2 120" }, texts())
  end)

  it("does not say what he who asks knows already", function()
    start("apple")
    local function knows(ttl, data)
      return { { name = "mini2.local", type = "A", ttl = ttl, data = data } }
    end
    ask({ "A" }, { answers = knows(2300, "192.0.2.2") })
    assert.same({}, texts())
    ask({ "A" }, { answers = knows(2200, "192.0.2.2") })
    bed:pass(1000)
    ask({ "A" }, { answers = knows(4500, "192.0.2.9") })
    assert.equal(2, #said)
    start("avahi") -- which does not look at the time to live
    ask({ "A" }, { answers = knows(1, "192.0.2.2") })
    assert.same({}, texts())
  end)

  it("waits for the known answers that are to follow", function()
    start("apple")
    ask({ "A" }, { truncated = true })
    ask({}, { answers = { { name = "mini2.local", type = "A", ttl = 4500, data = "192.0.2.2" } } })
    bed:pass(1000)
    assert.same({}, texts())
    ask({ "A" }, { truncated = true })
    bed:pass(350)
    assert.same({}, texts())
    bed:pass(200)
    assert.equal(1, #said)
  end)

  it("takes its time with what others may say too", function()
    start("avahi", nil, { { type = "_mlx._tcp", port = 1 } })
    ask({ "PTR" }, { name = "_mlx._tcp.local" })
    bed:pass(200)
    assert.equal(1, #said)
    assert.is_true(said[1].at >= 20 and said[1].at <= 120)
  end)
end)
