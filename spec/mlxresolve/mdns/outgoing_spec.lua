local bed = require("support.mdns_bed")

local A = { type = "A", data = "192.0.2.7" }

local function pointer(i)
  local data = ("a-service-with-quite-a-long-name-%d._mlx._tcp.local."):format(i)
  return { type = "PTR", data = data, cache_flush = false }
end

describe("mlxresolve.mdns.outgoing", function()
  local link

  before_each(function()
    link = bed.new()
  end)

  local function hear(name, records, at)
    link:deliver(bed.response(name, records), at)
    link.world:advance(0)
  end

  local function last()
    local sent = link:sent()
    return sent[#sent]
  end

  describe("tells known answers (RFC 6762 section 7.1)", function()
    it(
      "with what is left of their time, without the cache-flush bit"
        .. " [RFC 6762 7.1: telling known answers] [RFC 6762 10.2: flush bit]",
      function()
        link:watch("_mlx._tcp.local.", "PTR")
        link.world:advance(1)
        hear("_mlx._tcp.local.", { pointer(1) })
        link.world:advance(7500)
        local known = last().answers
        assert.equal(1, #known)
        assert.equal(pointer(1).data, known[1].data)
        assert.equal(113, known[1].ttl)
        assert.is_false(known[1].cache_flush)
      end
    )

    it(
      "only while at least half of their life is left [RFC 6762 7.1: telling known answers]",
      function()
        link:watch("_mlx._tcp.local.", "PTR")
        link.world:advance(1)
        hear("_mlx._tcp.local.", { pointer(1) })
        link.world:advance(1000)
        assert.equal(1, #last().answers)
        link.world:advance(63e3)
        assert.equal(0, #last().answers)
      end
    )

    it("on the link only on which they were heard", function()
      link = bed.new { links = { bed.interface(), bed.wifi() } }
      link:watch("_mlx._tcp.local.", "PTR")
      link.world:advance(1)
      hear("_mlx._tcp.local.", { pointer(1) })
      link:sent()
      link.world:advance(1000)
      local known = {}
      for _, message in ipairs(link:sent()) do
        known[message.interface] = #message.answers
      end
      assert.same({ [2] = 1, [3] = 0 }, known)
    end)

    it("of a family that is known when the other is asked for", function()
      link:watch("mini2.local.", "A")
      link.world:advance(1)
      hear("mini2.local.", { A })
      link.world:advance(2000)
      link:ask("mini2.local.", "AAAA", { timeout = 100 })
      link.world:advance(10)
      local asked = last()
      assert.equal("AAAA", asked.questions[2].type)
      assert.equal("192.0.2.7", asked.answers[1].data)
    end)

    it(
      "in as many packets as they need, all but the last with TC [RFC 6762 7.2: several packets]",
      function()
        link:watch("_mlx._tcp.local.", "PTR")
        link.world:advance(1)
        for first = 1, 60, 20 do
          local records = {}
          for i = first, first + 19 do
            records[#records + 1] = pointer(i)
          end
          hear("_mlx._tcp.local.", records)
        end
        link:sent()
        link.world:advance(1000)
        local sent, count = link:sent(), 0
        assert.is_true(#sent >= 3)
        for i, message in ipairs(sent) do
          count = count + #message.answers
          assert.equal(i < #sent, message.truncated)
          assert.equal(i == 1 and 1 or 0, #message.questions)
          assert.is_true(#link.world.sent[#link.world.sent - i + 1].packet <= 1452)
        end
        assert.equal(60, count)
      end
    )

    it("never to one host, nor in a one-shot question", function()
      link = bed.new { port_taken = true }
      link:watch("_mlx._tcp.local.", "PTR")
      link.world:advance(1)
      hear("_mlx._tcp.local.", { pointer(1) })
      link.world:advance(119e3)
      for _, message in ipairs(link:sent()) do
        local is_one_shot = message.id ~= 0
        assert.is_true(#message.answers == 0 or not is_one_shot)
      end
    end)
  end)

  it("asks many names in few packets", function()
    for i = 1, 150 do
      link:watch(("mini%d.local."):format(i), { "A", "AAAA" }, { is_common = true })
    end
    link.world:advance(130)
    local sent, questions = link:sent(), 0
    for _, message in ipairs(sent) do
      questions = questions + #message.questions
    end
    assert.equal(300, questions)
    assert.is_true(#sent <= 6, #sent)
  end)

  it("knows its own packets when they come back", function()
    link:watch("mini2.local.", "A")
    link.world:advance(1100)
    local count = 0
    for _, sent in ipairs { unpack(link.world.sent) } do
      if sent.to:find("^224") then
        link:deliver(sent.packet, { from = "192.0.2.1" })
        count = count + 1
      end
    end
    link.world:advance(0)
    assert.is_true(count >= 2)
    assert.equal(count, link.engine:stats().echo)
  end)

  it("takes the very same question of another host for what it is", function()
    link:watch("mini2.local.", "A")
    link.world:advance(1100)
    local again = link.world.sent[#link.world.sent].packet
    link.world:advance(1700)
    link:sent()
    link:deliver(again, { from = "192.0.2.50" })
    link.world:advance(500)
    assert.equal(0, #link:sent())
    assert.is_nil(link.engine:stats().echo)
  end)
end)
