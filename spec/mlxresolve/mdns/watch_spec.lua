local bed = require("support.mdns_bed")
local evenly = require("support.evenly")

local A = { type = "A", data = "192.0.2.7" }
local PTR = { type = "PTR", data = "w._mlx._tcp.local.", cache_flush = false }

describe("mlxresolve.mdns.watch", function()
  local link

  before_each(function()
    link = bed.new()
  end)

  local function hear(name, records, at)
    link:deliver(bed.response(name, records), at)
    link.world:advance(0)
  end

  local function times()
    local list = {}
    for i, message in ipairs(link:sent()) do
      list[i] = ("%g %s"):format(message.at - 1000, message.questions[1].unicast and "QU" or "QM")
    end
    return list
  end

  describe("asks (RFC 6762 section 5.2)", function()
    it(
      "at once, then after intervals that double up to an hour [RFC 6762 5.2: intervals]",
      function()
        link:watch("_mlx._tcp.local.", "PTR")
        link.world:advance(6 * 3600e3)
        local sent = link:sent()
        local gaps = {}
        for i = 2, #sent do
          gaps[#gaps + 1] = (sent[i].at - sent[i - 1].at) / 1000
        end
        assert.same({ 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048 }, { unpack(gaps, 1, 12) })
        assert.same({ 3600, 3600, 3600 }, { unpack(gaps, 13, 15) })
      end
    )

    it(
      "20 to 120 ms later where many may begin at the same moment, all in one packet"
        .. " [RFC 6762 5.2: first delay]",
      function()
        link:watch("a.local.", "SRV", { is_common = true })
        link:watch("b.local.", "SRV", { is_common = true })
        link.world:advance(500)
        local sent = link:sent()
        assert.equal(1, #sent)
        assert.equal(2, #sent[1].questions)
        assert.is_true(sent[1].at >= 1020 and sent[1].at <= 1120, sent[1].at)
      end
    )

    it("20 to 120 ms later, evenly, where many may begin [RFC 6762 5.2: first delay]", function()
      evenly(20, 120, function(i)
        link.world:advance(1000)
        link:sent()
        local now = link.world:now()
        local _, handle = link:watch(("n%d.local."):format(i), "SRV", { is_common = true })
        link.world:advance(200)
        handle:close()
        return link:sent()[1].at - now
      end)
    end)

    it(
      "nothing once a host has said all that there is, until 80 % of its life"
        .. " [RFC 6762 5.2: whole answers]",
      function()
        link:answer("mini2.local.", { A })
        link:watch("mini2.local.", "A")
        link.world:advance(88e3)
        assert.same({ "0 QU" }, times())
      end
    )

    it("again and again where more hosts may answer", function()
      link:answer("_mlx._tcp.local.", { PTR })
      link:watch("_mlx._tcp.local.", "PTR")
      link.world:advance(4000)
      assert.same({ "0 QU", "1000 QM", "3000 QM" }, times())
    end)

    it("nothing at all once nobody watches [RFC 6762 5.2: no interest]", function()
      link:answer("mini2.local.", { A })
      local lines, handle = link:watch("mini2.local.", "A")
      link.world:advance(1000)
      handle:close()
      link.world:advance(3600e3)
      assert.same({ "0 QU" }, times())
      assert.same({ "added A 192.0.2.7" }, lines)
    end)

    it("once for all who watch the same", function()
      link:answer("mini2.local.", { A })
      local first = link:watch("mini2.local.", "A")
      link.world:advance(10)
      local second = link:watch("mini2.local.", "A")
      link.world:advance(10)
      assert.same({ "added A 192.0.2.7" }, first)
      assert.same(first, second)
      assert.equal(1, #link:sent())
    end)
  end)

  describe("keeps what it knows (RFC 6762 section 5.2)", function()
    local function shares(sent)
      local list = {}
      for i, message in ipairs(sent) do
        list[i] = (message.at - 1001) / 120e3
      end
      return list
    end

    it(
      "by asking at 80, 85, 90 and 95 % of its life, up to 2 % later [RFC 6762 5.2: refresh]",
      function()
        link:watch("mini2.local.", "A")
        link.world:advance(1)
        hear("mini2.local.", { A })
        link:sent()
        link.world:advance(119e3)
        local multicast = {}
        for _, message in ipairs(link:sent()) do
          if message.to == "224.0.0.251:5353" then
            multicast[#multicast + 1] = message
            assert.is_false(message.questions[1].unicast)
            assert.same({}, message.answers)
          end
        end
        local found = shares(multicast)
        for i, share in ipairs { 0.80, 0.85, 0.90, 0.95 } do
          assert.is_true(found[i] >= share and found[i] <= share + 0.021, share .. " " .. found[i])
        end
      end
    )

    it("by asking its host alone at 75 %", function()
      link:watch("mini2.local.", "A")
      link.world:advance(1)
      hear("mini2.local.", { A })
      link:sent()
      function link.world.on_send(sent)
        if sent.to == "192.0.2.7:5353" then
          link:deliver(bed.response("mini2.local.", { A }), { to = "192.0.2.1", delay = 1 })
        end
      end
      link.world:advance(94e3)
      local sent = link:sent()
      assert.equal(1, #sent)
      assert.equal("192.0.2.7:5353", sent[1].to)
      assert.is_true(sent[1].questions[1].unicast)
      local share = shares(sent)[1]
      assert.is_true(share >= 0.75 and share <= 0.77, share)
      link.world:advance(85e3)
      assert.same({}, link:sent())
    end)

    it("with one question for all records of a set", function()
      link:watch("mini2.local.", "A")
      link.world:advance(1)
      hear("mini2.local.", { A, { type = "A", data = "192.0.2.8" } })
      link:sent()
      link.world:advance(100e3)
      assert.equal(2, #link:sent())
    end)

    it("not beyond its life: what nobody says again is gone", function()
      local lines = link:watch("mini2.local.", "A")
      link.world:advance(1)
      hear("mini2.local.", { A })
      link.world:advance(119.9e3)
      assert.same({ "added A 192.0.2.7" }, lines)
      link.world:advance(200)
      assert.same({ "added A 192.0.2.7", "gone A 192.0.2.7 expired" }, lines)
    end)
  end)

  describe("tells", function()
    it("what is known already", function()
      link:answer("mini2.local.", { A })
      link:ask("mini2.local.", "A")
      link.world:advance(10)
      local lines = link:watch("mini2.local.", "A")
      assert.same({}, lines)
      link.world:advance(0)
      assert.same({ "added A 192.0.2.7" }, lines)
      assert.equal(1, #link:sent())
    end)

    it("a goodbye at once, and the end a second later [RFC 6762 10.1: goodbye heard]", function()
      link:answer("mini2.local.", { A })
      local lines = link:watch("mini2.local.", "A")
      link.world:advance(500)
      hear("mini2.local.", { { type = "A", data = "192.0.2.7", ttl = 0 } })
      assert.same({ "added A 192.0.2.7", "suspect A 192.0.2.7 goodbye" }, lines)
      link.world:advance(999)
      assert.equal(2, #lines)
      link.world:advance(2)
      assert.equal("gone A 192.0.2.7 goodbye", lines[3])
    end)

    it("that a host has moved, at once", function()
      link:answer("mini2.local.", { A })
      local lines = link:watch("mini2.local.", "A")
      link.world:advance(5000)
      hear("mini2.local.", { { type = "A", data = "192.0.2.99" } }, { from = "192.0.2.99" })
      link.world:advance(5000)
      assert.same({ "added A 192.0.2.7", "moved A 192.0.2.7 > 192.0.2.99 announced" }, lines)
    end)

    it("that an old address is there still when it is said within the second", function()
      link:answer("mini2.local.", { A })
      local lines = link:watch("mini2.local.", "A")
      link.world:advance(5000)
      hear("mini2.local.", { { type = "A", data = "192.0.2.99" } })
      link.world:advance(100)
      hear("mini2.local.", { A })
      link.world:advance(5000)
      assert.equal("added A 192.0.2.7", lines[3])
      assert.equal(3, #lines)
    end)

    it("the family that comes late", function()
      link:answer("mini2.local.", { A })
      local lines = link:watch("mini2.local.", { "A", "AAAA" })
      link.world:advance(2500)
      hear("mini2.local.", { { type = "AAAA", data = "2001:db8::7" } })
      assert.same({ "added A 192.0.2.7", "added AAAA 2001:db8::7" }, lines)
    end)

    it("no more after it was closed", function()
      local lines, handle = link:watch("mini2.local.", "A")
      link.world:advance(1)
      link:deliver(bed.response("mini2.local.", { A }))
      handle:close()
      link.world:advance(10)
      handle:close()
      assert.same({}, lines)
    end)

    it("its callback's errors to the scheduler, and goes on", function()
      local problems = 0
      link.scheduler.on_error = function()
        problems = problems + 1
      end
      link.engine:watch("mini2.local.", "A", function()
        error("oops")
      end)
      local lines = link:watch("mini2.local.", "A")
      link.world:advance(1)
      hear("mini2.local.", { A })
      assert.equal(1, problems)
      assert.same({ "added A 192.0.2.7" }, lines)
    end)
  end)

  describe("when the network changes", function()
    local function change(interfaces)
      link.world.links = interfaces
      link.world:network { { type = "link_changed", index = 2, name = "eth0", up = true } }
    end

    it(
      "asks with unicast replies welcome, 20 to 120 ms later [RFC 6762 5.4: first question]",
      function()
        link:watch("mini2.local.", "A")
        link.world:advance(10)
        hear("mini2.local.", { A })
        link.world:advance(5000)
        link:sent()
        change { bed.interface() }
        link.world:advance(2000)
        local sent = link:sent()
        assert.is_true(sent[1].questions[1].unicast)
        local delay = sent[1].at - 6010
        assert.is_true(delay >= 20 and delay <= 120, delay)
        assert.is_false(sent[2].questions[1].unicast)
      end
    )

    it("doubts what it knew until it is said again", function()
      link:answer("mini2.local.", { A })
      local lines = link:watch("mini2.local.", "A")
      link.world:advance(5000)
      change { bed.interface() }
      assert.equal("suspect A 192.0.2.7 forgotten", lines[2])
      link.world:advance(200)
      assert.equal("added A 192.0.2.7 confirmed", lines[3])
    end)

    it("gives up what is not said again", function()
      local lines = link:watch("mini2.local.", "A")
      link.world:advance(1)
      hear("mini2.local.", { A })
      link.world:advance(5000)
      change { bed.interface() }
      link.world:advance(3100)
      assert.equal("gone A 192.0.2.7 forgotten", lines[3])
    end)

    it("tells at once that what was heard on a lost link is gone", function()
      local lines = link:watch("mini2.local.", "A")
      link.world:advance(1)
      hear("mini2.local.", { A })
      change { bed.interface { up = false } }
      assert.equal("gone A 192.0.2.7 link", lines[2])
    end)
  end)

  -- After a flush all services were told as gone, and found again up to an hour later.
  it("asks anew for what it is made to forget, also long after its last question", function()
    link:answer("_mlx._tcp.local.", { PTR })
    local lines = link:watch("_mlx._tcp.local.", "PTR")
    link.world:advance(80e3)
    link.engine:forget {}
    link.world:advance(5000)
    assert.same({
      "added PTR w._mlx._tcp.local.",
      "suspect PTR w._mlx._tcp.local. forgotten",
      "added PTR w._mlx._tcp.local. confirmed",
    }, lines)
  end)

  it("refuses what is no type", function()
    local handle, message, code = link.engine:watch("mini2.local.", "ANY", print)
    assert.is_nil(handle)
    assert.matches("'ANY' is no type", message)
    assert.equal("EINVAL", code)
    assert.is_nil((link.engine:watch("mini2.local.", {}, print)))
    assert.is_nil((link.engine:watch(("x"):rep(64), "A", print)))
  end)

  it("ends with the engine", function()
    local lines = link:watch("mini2.local.", "A")
    link.world:advance(10)
    link.engine:close()
    link.world:advance(10e3)
    assert.same({}, lines)
    local _, _, code = link.engine:watch("mini2.local.", "A", print)
    assert.equal("ECLOSED", code)
  end)
end)
