local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")

local A = { type = "A", data = "192.0.2.7" }
local B = { type = "A", data = "192.0.2.8" }

describe("mlxresolve.mdns.doubts", function()
  local link, lines

  local function open(options, at)
    link = bed.new(options)
    lines = link:watch("mini2.local.", "A")
    link.world:advance(1)
    link:deliver(bed.response("mini2.local.", { A, B }), at)
    link.world:advance(5000)
    link:sent()
  end

  describe("after a failure report (RFC 6762 section 10.4)", function()
    before_each(function()
      open()
    end)

    it(
      "asks at least twice and drops the record ten seconds later [RFC 6762 10.4: reconfirmation]",
      function()
        assert.equal(1, link.engine:report_failure("mini2.local.", "192.0.2.7"))
        link.world:advance(9990)
        local multicast = 0
        for _, message in ipairs(link:sent()) do
          if message.to == "224.0.0.251:5353" then
            multicast = multicast + 1
            assert.is_not.equal("192.0.2.7", message.answers[1] and message.answers[1].data)
          end
        end
        assert.is_true(multicast >= 2, multicast)
        assert.equal("suspect A 192.0.2.7 failure", lines[3])
        assert.is_nil(lines[4])
        link.world:advance(20)
        assert.equal("gone A 192.0.2.7 failure", lines[4])
        assert.is_nil(lines[5])
      end
    )

    it("asks the last known host alone, too", function()
      link.engine:report_failure("mini2.local.", "192.0.2.7")
      link.world:advance(1)
      local hosts = {}
      for _, message in ipairs(link:sent()) do
        hosts[message.to] = message.questions[1].unicast
      end
      assert.same({ ["224.0.0.251:5353"] = false, ["192.0.2.7:5353"] = true }, hosts)
    end)

    it("gives the other addresses at once", function()
      link.engine:report_failure("mini2.local.", "192.0.2.7")
      local result = link:ask("mini2.local.", "A")
      link.world:advance(1)
      assert.same({ "192.0.2.8" }, result.data)
    end)

    it("keeps a record that its host says again [RFC 6762 10.4: reconfirmation]", function()
      link.engine:report_failure("mini2.local.", "192.0.2.7")
      link.world:advance(100)
      link:deliver(bed.response("mini2.local.", { A }))
      link.world:advance(11e3)
      assert.equal("added A 192.0.2.7 confirmed", lines[4])
      local result = link:ask("mini2.local.", "A")
      link.world:advance(1)
      assert.is_not_nil(result.data)
    end)

    it("takes the answer of the host that was asked alone", function()
      function link.world.on_send(sent)
        if sent.to == "192.0.2.7:5353" then
          link:deliver(bed.response("mini2.local.", { A }), { to = "192.0.2.1", delay = 1 })
        end
      end
      link.engine:report_failure("mini2.local.", "192.0.2.7")
      link.world:advance(5)
      assert.equal("added A 192.0.2.7 confirmed", lines[4])
    end)

    it("takes all addresses when none is named, and an unknown one for none", function()
      assert.equal(0, link.engine:report_failure("mini2.local", "192.0.2.99"))
      assert.equal(0, link.engine:report_failure("other.local.", "192.0.2.7"))
      assert.equal(2, link.engine:report_failure("Mini2.local"))
      assert.equal(0, link.engine:report_failure("mini2.local"))
      local _, _, code = link.engine:report_failure(("x"):rep(64))
      assert.equal("ETEXT", code)
    end)

    it("makes the cache forget the name", function()
      local cache = bed.cache()
      open { cache = cache }
      link.engine:report_failure("mini2.local.", "192.0.2.7")
      assert.same({ "mini2.local." }, cache.flushed)
    end)
  end)

  describe("when others ask in vain (RFC 6762 section 10.5)", function()
    local function other_asks(fields)
      local question = { name = "mini2.local.", type = "A", class = "IN" }
      question.unicast = fields and fields.unicast
      local message = { questions = { question }, answers = fields and fields.answers }
      link:deliver(assert(core.wire.encode(message)), { from = "192.0.2.50" })
      link.world:advance(2000)
    end

    it(
      "drops the record ten seconds after the second question, asking nothing"
        .. " [RFC 6762 10.5: passive observation]",
      function()
        open()
        other_asks()
        other_asks()
        link.world:advance(7990)
        assert.equal(2, #lines)
        assert.equal(0, #link:sent())
        link.world:advance(1000)
        assert.same("gone A 192.0.2.7 unanswered", (lines[3] < lines[4] and lines[3] or lines[4]))
      end
    )

    it("keeps what is said in that time [RFC 6762 10.5: passive observation]", function()
      open()
      other_asks()
      other_asks()
      link:deliver(bed.response("mini2.local.", { A, B }))
      link.world:advance(20e3)
      assert.equal(2, #lines)
    end)

    it("takes no notice of one question, of those for unicast, and of known answers", function()
      open()
      other_asks()
      other_asks { unicast = true }
      local known = {}
      for i, record in ipairs { A, B } do
        known[i] = { name = "mini2.local.", type = "A", ttl = 100, data = record.data }
      end
      other_asks { answers = known }
      link.world:advance(20e3)
      assert.equal(2, #lines)
    end)

    it("does nothing on Wi-Fi, where answers get lost, unless told to", function()
      local at = { from = "198.51.100.7", interface = 3 }
      for _, poof in ipairs { false, true } do
        link = bed.new { links = { bed.wifi() } }
        link.engine.poof = poof or nil
        lines = link:watch("mini2.local.", "A")
        link.world:advance(1)
        link:deliver(bed.response("mini2.local.", { A }), at)
        link.world:advance(3000)
        for _ = 1, 2 do
          local question = { name = "mini2.local.", type = "A", class = "IN" }
          local packet = assert(core.wire.encode { questions = { question } })
          link:deliver(packet, { from = "198.51.100.50", interface = 3 })
          link.world:advance(2000)
        end
        link.world:advance(9000)
        assert.equal(
          poof and "gone A 192.0.2.7 unanswered" or nil,
          lines[#lines > 1 and #lines or 2]
        )
      end
    end)
  end)
end)
