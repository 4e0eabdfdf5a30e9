local bed = require("support.mdns_bed")

local A = { type = "A", data = "192.0.2.7" }
local AAAA = { type = "AAAA", data = "2001:db8::7" }

describe("mlxresolve.mdns.lookup", function()
  local link

  before_each(function()
    link = bed.new()
  end)

  describe("asks over IPv4 first", function()
    local function families()
      local list = {}
      for i, sent in ipairs(link.world.sent) do
        list[i] = ("%s at %g"):format(sent.to:find("^%[") and "IPv6" or "IPv4", sent.at - 1000)
      end
      return list
    end

    it("and over IPv6 2 ms later, when there is no answer yet", function()
      link:ask("nobody.local.", "A", { timeout = 100 })
      link.world:settle()
      assert.same({ "IPv4 at 0", "IPv6 at 2" }, families())
    end)

    it("and no more, when that answers all", function()
      link:answer("mini2.local.", { A, AAAA })
      link:ask("mini2.local.", "A")
      link:ask("mini2.local.", "AAAA")
      link.world:settle()
      assert.same({ "IPv4 at 0" }, families())
    end)

    it("and over IPv6 for a family that the answer leaves out", function()
      link:answer("mini2.local.", { A })
      link:ask("mini2.local.", "A")
      link:ask("mini2.local.", "AAAA")
      link.world:advance(10)
      assert.same({ "IPv4 at 0", "IPv6 at 2" }, families())
    end)

    it("but at once over IPv6 where there is no IPv4", function()
      link = bed.new {
        links = { bed.interface { addresses = { bed.address("fe80::1%eth0", 64) } } },
      }
      link:ask("nobody.local.", "A", { timeout = 100 })
      link.world:settle()
      assert.same({ "IPv6 at 0" }, families())
    end)

    it("but at once over IPv6 when IPv4 cannot be sent", function()
      link:ask("other.local.", "A", { timeout = 10 })
      link.world:settle()
      for socket in pairs(link.world.sockets) do
        if socket.options.bind:find("0.0.0.0", 1, true) then
          function socket.send()
            return nil, "no route", "ENETUNREACH"
          end
        end
      end
      link.world.sent = {}
      local result = link:ask("mini2.local.", "A", { timeout = 100 })
      link.world:settle()
      assert.equal("ENOTFOUND", result.code)
      assert.matches("1 question", result.message)
      assert.same({ "IPv6 at 10" }, families())
    end)
  end)

  describe("asks again", function()
    it(
      "from another port after 250 ms, then by multicast after 1, 3 and 7 s"
        .. " [RFC 6762 5.2: intervals]",
      function()
        link:ask("nobody.local.", "A", { timeout = 10000 })
        link.world:settle()
        assert.same({ "0 QU", "250 one-shot", "1000 QM", "3000 QM", "7000 QM" }, link:schedule())
      end
    )

    it("with both at once where another process has the port", function()
      link = bed.new { port_taken = true }
      link:ask("nobody.local.", "A", { timeout = 2000 })
      link.world:settle()
      assert.same({ "0 QM", "0 one-shot", "250 one-shot", "1000 QM" }, link:schedule())
    end)

    it("never within a second of the same multicast question [RFC 6762 5.2: intervals]", function()
      for i = 0, 9 do
        link:ask("nobody.local.", "A", { timeout = 90 })
        link.world:advance(i % 2 == 0 and 95 or 130)
      end
      link.world:settle()
      local last = -math.huge
      for _, line in ipairs(link:schedule()) do
        local at, form = line:match("^(%d+) (%S+)")
        if form ~= "one-shot" then
          assert.is_true(tonumber(at) - last >= 1000, line)
          last = tonumber(at)
        end
      end
    end)

    it("soon for a newcomer, however long the others wait already", function()
      link:ask("nobody.local.", "A", { timeout = 20000 })
      link.world:advance(8500)
      link:answer("nobody.local.", { A })
      local newcomer = link:ask("nobody.local.", "A")
      link.world:advance(800)
      assert.same({ "192.0.2.7" }, newcomer.data)
      assert.equal(1, newcomer.ms)
    end)

    it("and finds an answer though the first packet was lost", function()
      local result = link:ask("mini2.local.", "A")
      link.world:advance(100)
      link:answer("mini2.local.", { A })
      link.world:settle()
      assert.same({ "192.0.2.7" }, result.data)
      assert.equal(251, result.ms)
    end)

    it("once more, 25 ms after the other family has answered, and no more then", function()
      link:answer("mini2.local.", { A }, { delay = 240 })
      link:ask("mini2.local.", "AAAA")
      link.world:settle()
      assert.same({ "0 QU", "265 one-shot" }, link:schedule())
    end)
  end)

  describe("takes a family that stays silent", function()
    it(
      "for absent 50 ms after the other has answered, for 10 s [RFC 8305 3: late families]",
      function()
        link:answer("mini2.local.", { A }, { delay = 3 })
        local four, six = link:ask("mini2.local.", "A"), link:ask("mini2.local.", "AAAA")
        link.world:settle()
        assert.equal(3, four.ms)
        assert.equal(53, six.ms)
        assert.equal("nodata", six.status)
        assert.equal(10, six.ttl)
      end
    )

    it("for absent when it is asked for after the other, but makes sure", function()
      link:answer("mini2.local.", { A })
      link:ask("mini2.local.", "A")
      link.world:advance(20)
      local six = link:ask("mini2.local.", "AAAA")
      link.world:settle()
      assert.equal("nodata", six.status)
      assert.equal(50, six.ms)
      assert.same({ "0 QU", "20 one-shot" }, link:schedule())
    end)

    -- Hosts give A over IPv4 and AAAA over IPv6; where the reply over IPv4 was lost, A was denied.
    it("for present when only its own reply was lost", function()
      link:ask("mini2.local.", "AAAA")
      local four = link:ask("mini2.local.", "A")
      link.world:advance(0)
      link:deliver(bed.response("mini2.local.", { AAAA }), { from = "fe80::7%eth0" })
      link.world:advance(1)
      link:answer("mini2.local.", { A })
      link.world:settle()
      assert.same({ "192.0.2.7" }, four.data)
      assert.equal(26, four.ms)
    end)

    -- Two lost packets, and a host that answers was denied for ten seconds.
    it("for present when IPv4 addresses are wanted and two replies were lost", function()
      local four = link:ask("mini2.local.", "A")
      link.world:advance(0)
      link:deliver(bed.response("mini2.local.", { AAAA }), { from = "fe80::7%eth0" })
      link.world:advance(100)
      link:answer("mini2.local.", { A })
      link.world:settle()
      assert.same({ "0 QU", "25 one-shot", "125 one-shot" }, link:schedule())
      assert.same({ "192.0.2.7" }, four.data)
      assert.equal(126, four.ms)
    end)

    it("for absent 250 ms after the other when IPv4 addresses are wanted", function()
      link:ask("mini2.local.", "A", { timeout = 800 })
      local four = link:ask("mini2.local.", "A", { timeout = 800 })
      link.world:advance(0)
      link:deliver(bed.response("mini2.local.", { AAAA }), { from = "fe80::7%eth0" })
      link.world:settle()
      assert.equal("nodata", four.status)
      assert.equal(250, four.ms)
      assert.same({ "0 QU", "25 one-shot", "125 one-shot" }, link:schedule())
    end)

    it("for unknown when nobody has asked for it", function()
      link:answer("mini2.local.", { A })
      link:ask("mini2.local.", "A")
      link.world:settle()
      assert.equal(1, link.engine:stats().records)
      assert.same({ "0 QU" }, link:schedule())
    end)

    it("for absent at once when NSEC says so [RFC 6762 6.1: denials]", function()
      local nsec = { type = "NSEC", data = "mini2.local. A", additional = true }
      link:answer("mini2.local.", { A, nsec })
      local six = link:ask("mini2.local.", "AAAA")
      link.world:settle()
      assert.equal("nodata", six.status)
      assert.equal(1, six.ms)
      assert.equal(120, six.ttl)
    end)

    it("for present again when it comes late", function()
      local cache = bed.cache()
      link = bed.new { cache = cache }
      link:answer("mini2.local.", { A })
      link:ask("mini2.local.", "AAAA")
      link.world:settle()
      link:deliver(bed.response("mini2.local.", { AAAA }))
      link.world:advance(0)
      local late = link:ask("mini2.local.", "AAAA")
      link.world:settle()
      assert.same({ "2001:db8::7" }, late.data)
      assert.same({ "mini2.local." }, cache.flushed)
    end)

    it("for present when it comes within the 50 ms", function()
      link:answer("mini2.local.", { A })
      local six = link:ask("mini2.local.", "AAAA")
      link.world:advance(30)
      link:deliver(bed.response("mini2.local.", { AAAA }))
      link.world:settle()
      assert.same({ "2001:db8::7" }, six.data)
      assert.equal(30, six.ms)
    end)

    it("for unknown after 10 s", function()
      link:answer("mini2.local.", { A })
      link:ask("mini2.local.", "AAAA")
      link.world:settle()
      link.world:advance(11e3)
      link:answer("mini2.local.", { AAAA })
      local six = link:ask("mini2.local.", "AAAA")
      link.world:settle()
      assert.same({ "2001:db8::7" }, six.data)
    end)
  end)

  it("lets each waiter have his own patience", function()
    local short = link:ask("mini2.local.", "A", { timeout = 100 })
    local long = link:ask("mini2.local.", "A", { timeout = 900 })
    link.world:advance(200)
    assert.equal("ENOTFOUND", short.code)
    link:answer("mini2.local.", { A })
    link.world:settle()
    assert.same({ "192.0.2.7" }, long.data)
  end)

  it("wakes those only whose question is answered", function()
    local pointer = link:ask("mini2.local.", "TXT", { timeout = 300 })
    local four = link:ask("mini2.local.", "A", { timeout = 300 })
    link.world:advance(10)
    link:deliver(bed.response("mini2.local.", { A }))
    link.world:settle()
    assert.equal("answer", four.status)
    assert.equal("ENOTFOUND", pointer.code)
  end)
end)
