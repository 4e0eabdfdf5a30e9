local bed = require("support.mdns_bed")
local conflicts = require("mlxresolve.mdns.responder.conflicts")
local core = require("mlxresolve.core")
local record = require("mlxresolve.mdns.responder.record")
local responder_bed = require("support.responder_bed")

local PROPOSED = "A here.local. 120 192.0.2.%d"

describe("mlxresolve.mdns.responder.conflicts", function()
  local link

  before_each(function()
    link = responder_bed.new {
      links = {
        bed.loopback(),
        bed.interface { addresses = { bed.address("192.0.2.5", 24) } },
      },
    }
  end)

  local function probing()
    local publication = link:publish()
    link.world:advance(300)
    link:mark()
    return publication
  end

  local function set(...)
    local list = {}
    for i, text in ipairs { ... } do
      local type, data = text:match("^(%S+) (.*)$")
      list[i] = { key = "here.local.", type = type, raw = record.raw(type, data) }
    end
    return list
  end

  local function compare(ours, theirs)
    return conflicts.compare(ours, theirs, "here.local.")
  end

  it("compares class, type and raw rdata as unsigned bytes [RFC 6762 8.2: tie-break]", function()
    assert.equal(-1, compare(set("A 169.254.99.200"), set("A 169.254.200.50")))
    assert.equal(1, compare(set("A 200.0.0.1"), set("A 99.0.0.1")))
    assert.equal(-1, compare(set("A 200.0.0.1"), set("AAAA 2001:db8::1")))
    assert.equal(-1, compare(set('TXT "a"'), set("SRV 0 0 1 a.local.")))
    local chaos = set("A 1.1.1.1")
    chaos[1].class = "CH"
    assert.equal(-1, compare(set("AAAA ::1"), chaos))
  end)

  it("compares names in rdata without compression [RFC 6762 8.2: tie-break]", function()
    assert.equal(-1, compare(set("SRV 0 0 1 here.local."), set("SRV 0 0 1 other-name.here.local.")))
  end)

  it("compares sorted sets pair by pair, and the longer one wins [RFC 6762 8.2.1: sets]", function()
    assert.equal(0, compare(set("A 1.1.1.1", "AAAA ::1"), set("AAAA ::1", "A 1.1.1.1")))
    assert.equal(-1, compare(set("A 1.1.1.1"), set("AAAA ::1", "A 1.1.1.1")))
    assert.equal(1, compare(set("A 1.1.1.2", "A 1.1.1.1"), set("A 1.1.1.1")))
    assert.equal(1, compare(set("A 1.1.1.2"), set("AAAA ::1", "A 1.1.1.1")))
  end)

  it(
    "waits a second and probes again when it loses the tie-break [RFC 6762 8.2: deference]",
    function()
      local publication = probing()
      link:query({ "QU ANY here.local." }, { proposed = { PROPOSED:format(9) } })
      link.world:advance(3000)
      assert.same({
        "1000 here.local.",
        "1250 here.local.",
        "1500 here.local.",
      }, link:probes())
      assert.equal("here.local.", (publication:names()))
    end
  )

  it("gives way to a proposal of a later class (RFC 6762 section 8.2)", function()
    probing()
    local proposal = { name = "here.local.", class = "CH", type = "TXT", ttl = 120, data = '"a"' }
    link:deliver(assert(core.wire.encode {
      questions = { { name = "here.local.", type = "ANY", class = "IN", unicast = true } },
      authorities = { proposal },
    }))
    link.world:advance(900)
    assert.same({}, link:answers())
    assert.equal(0, #link:probes())
  end)

  it("goes on when it wins the tie-break [RFC 6762 8.2: tie-break]", function()
    probing()
    link:query({ "QU ANY here.local." }, { proposed = { PROPOSED:format(2) } })
    link.world:advance(900)
    assert.is_true(#link:answers() > 0)
  end)

  it("equal proposals are no conflict [RFC 6762 8.2.1: sets]", function()
    probing()
    link:query({ "QU ANY here.local." }, { proposed = { PROPOSED:format(5) } })
    link.world:advance(900)
    assert.is_true(#link:answers() > 0)
  end)

  it("takes another name when somebody has this one [RFC 6762 8.1: conflict]", function()
    local publication = probing()
    link:hear { "A here.local. 120 192.0.2.9 !" }
    assert.equal("here-2.local.", (publication:names()))
    link.world:advance(20e3)
    assert.equal("A here-2.local. 120 192.0.2.5 !", link:answers()[1])
    assert.matches("here.local. belongs to another host, trying here%-2", link.world.lines[1])
    link:mark()
    link:query { "A here.local." }
    link.world:advance(200)
    assert.same({}, link:answers())
  end)

  it("a record of any type says that the name is somebody's [RFC 6762 8.1: conflict]", function()
    local publication = probing()
    link:hear { 'TXT here.local. 120 "x" !' }
    assert.equal("here-2.local.", (publication:names()))
  end)

  it("ignores conflicts heard before the first probe [RFC 6762 8.1: early conflict]", function()
    local publication = link:publish()
    link:hear { "A here.local. 120 192.0.2.9 !" }
    assert.equal("here.local.", (publication:names()))
  end)

  it("a goodbye is no conflict (RFC 6762 section 8.1)", function()
    local publication = probing()
    link:hear { "A here.local. 0 192.0.2.9 !" }
    assert.equal("here.local.", (publication:names()))
  end)

  it("hears a defence that comes by unicast [RFC 6762 8.1: conflict]", function()
    local publication = probing()
    link:hear({ "A here.local. 120 192.0.2.9 !" }, { to = "192.0.2.5" })
    assert.equal("here-2.local.", (publication:names()))
  end)

  it(
    "pauses five seconds between attempts after fifteen conflicts in ten"
      .. " [RFC 6762 8.1: conflict rate]",
    function()
      local publication = link:publish()
      local last, gaps = link.world:now(), {}
      for _ = 1, 20 do
        local name = publication:names()
        link.world:settle(function()
          local sent = link.world.sent
          return #sent > 0 and link:probes()[#link:probes()]:find(name, 1, true) ~= nil
        end, 20e3)
        gaps[#gaps + 1] = link.world:now() - last
        last = link.world:now()
        link:hear { ("A %s 120 192.0.2.9 !"):format(name) }
      end
      assert.equal("here-21.local.", (publication:names()))
      for i = 2, 15 do
        assert.is_true(gaps[i] <= 250)
      end
      for i = 16, 20 do
        assert.is_true(gaps[i] >= 5000, gaps[i])
      end
    end
  )

  it("probes again at once when its name is said otherwise [RFC 6762 9: later conflict]", function()
    local publication = link:settled()
    link:hear { "A here.local. 120 192.0.2.9 !" }
    link.world:advance(10)
    assert.same({ "0 here.local." }, link:probes())
    assert.equal("here.local.", (publication:names()))
    link.world:advance(3000)
    assert.equal("A here.local. 120 192.0.2.5 !", link:answers()[1])
  end)

  it("takes another name when that other one defends his [RFC 6762 9: later conflict]", function()
    local publication = link:settled()
    link:hear { "A here.local. 120 192.0.2.9 !" }
    link.world:advance(10)
    link:hear { "A here.local. 120 192.0.2.9 !" }
    assert.equal("here-2.local.", (publication:names()))
  end)

  it(
    "the same data is no conflict, whoever says it and in whatever case [RFC 6762 9: same data]",
    function()
      local publication = link:settled { service = "_mlx._tcp", port = 7, instance = "w" }
      link:hear {
        "A HERE.local. 120 192.0.2.5 !",
        "SRV w._mlx._tcp.local. 120 0 0 7 HERE.LOCAL. !",
      }
      link.world:advance(2000)
      assert.same({}, link:probes())
      assert.equal("here.local.", (publication:names()))
    end
  )

  it(
    "a record of another type is no conflict for an established name (RFC 6762 section 9)",
    function()
      link:settled()
      link:hear { 'TXT here.local. 120 "x" !' }
      link.world:advance(2000)
      assert.same({}, link:probes())
    end
  )

  it("renames an instance, not its host (RFC 6762 section 9)", function()
    local publication = link:publish { service = "_mlx._tcp", port = 7, instance = "w" }
    link.world:advance(300)
    link:hear { "SRV w._mlx._tcp.local. 120 0 0 7 other.local. !" }
    local host, instance = publication:names()
    assert.equal("here.local.", host)
    assert.equal("w\\032\\0402\\041._mlx._tcp.local.", instance)
  end)

  it(
    "says a record again that somebody says with less than half of its time"
      .. " [RFC 6762 6.6: correction]",
    function()
      link:settled()
      link:hear { "A here.local. 59 192.0.2.5 !" }
      link.world:advance(200)
      assert.same({ "A here.local. 120 192.0.2.5 !" }, link:answers())
      link:mark()
      link:hear { "A here.local. 60 192.0.2.5 !" }
      link.world:advance(2000)
      assert.same({}, link:answers())
    end
  )

  it(
    "says its records again when somebody says goodbye to them [RFC 6762 6.6: correction]",
    function()
      link:settled { service = "_mlx._tcp", port = 7, instance = "w" }
      link:hear { "PTR _mlx._tcp.local. 0 w._mlx._tcp.local.", "A here.local. 0 192.0.2.5 !" }
      link.world:advance(200)
      assert.same({
        "A here.local. 120 192.0.2.5 !",
        "PTR _mlx._tcp.local. 4500 w._mlx._tcp.local.",
      }, link:answers())
    end
  )

  it("gives up the way back from an address without a word (RFC 6762 section 9)", function()
    local publication = link:settled()
    link:hear { "PTR 5.2.0.192.in-addr.arpa. 120 other.local. !" }
    link.world:advance(2000)
    link:query { "PTR 5.2.0.192.in-addr.arpa." }
    link.world:advance(200)
    assert.same({}, link:packets())
    assert.equal("here.local.", (publication:names()))
  end)

  it("what its other link says of its own name is no conflict (RFC 6762 section 9)", function()
    link = responder_bed.new { links = { bed.interface(), bed.wifi() } }
    local publication = link:settled()
    local at = { from = "198.51.100.1", interface = 2 }
    link:hear({ "A here.local. 120 198.51.100.1 !" }, at)
    link:query({ "ANY here.local." }, { proposed = { "A here.local. 120 198.51.100.1" } }, at)
    link.world:advance(3000)
    assert.equal("here.local.", (publication:names()))
    assert.same({}, link:probes())
  end)

  describe("beside another stack of this machine", function()
    local SELF = { from = "192.0.2.5" }

    it("leaves the host's name to it when it answers the probe (section 15)", function()
      local publication = probing()
      link:hear({ "A here.local. 120 192.0.2.5 !", "AAAA here.local. 120 2001:db8::5 !" }, SELF)
      link.world:advance(20e3)
      assert.same({}, link:packets("both"))
      assert.equal("here.local.", (publication:names()))
    end)

    it("still tells of its services (section 15)", function()
      link:publish { service = "_mlx._tcp", port = 7, instance = "w" }
      link.world:advance(300)
      link:hear({ "A here.local. 120 192.0.2.5 !" }, SELF)
      link.world:advance(20e3)
      link:mark()
      link:query { "SRV w._mlx._tcp.local." }
      link.world:advance(10)
      assert.same({ "SRV w._mlx._tcp.local. 120 0 0 7 here.local. !" }, link:answers())
      assert.same({}, link:answers("additionals"))
    end)

    it("takes the name when that stack says goodbye (section 15)", function()
      probing()
      link:hear({ "A here.local. 120 192.0.2.5 !" }, SELF)
      link.world:advance(20e3)
      link:mark()
      link:hear({ "A here.local. 0 192.0.2.5 !" }, SELF)
      link.world:advance(2000)
      assert.equal("A here.local. 120 192.0.2.5 !", link:answers()[1])
    end)

    it("takes the name when that stack answers no more (section 15)", function()
      probing()
      link:hear({ "A here.local. 120 192.0.2.5 !" }, SELF)
      link.world:advance(20e3)
      link:mark()
      link:query { "A here.local." }
      link.world:advance(3000)
      assert.equal("A here.local. 120 192.0.2.5 !", link:answers()[1])
    end)

    it(
      "looks again when another machine has the name that it left to that stack (section 15)",
      function()
        local publication = probing()
        link:hear({ "A here.local. 120 192.0.2.5 !" }, SELF)
        link.world:advance(20e3)
        link:mark()
        link:hear { "A here.local. 120 192.0.2.9 !" }
        link.world:advance(300)
        assert.equal(1, #link:probes())
        link:hear { "A here.local. 120 192.0.2.9 !" }
        assert.equal("here-2.local.", (publication:names()))
      end
    )

    it(
      "asks no more than once in ten seconds whether that stack is still there (section 15)",
      function()
        probing()
        link:hear({ "A here.local. 120 192.0.2.5 !" }, SELF)
        link.world:advance(20e3)
        link:mark()
        for _ = 1, 50 do
          link:query { "QU A here.local." }
          link:query({ "A here.local." }, { id = 3 }, { port = 40000 })
          link.world:advance(100)
        end
        assert.same({}, link:packets())
        for _ = 1, 90 do
          link:query { "A here.local." }
          if #link:probes() % 3 == 1 then
            link:hear({ "A here.local. 120 192.0.2.5 !" }, SELF)
          end
          link.world:advance(100)
        end
        assert.equal(1, #link:probes())
      end
    )

    it("gives way when that stack begins with other addresses (section 15)", function()
      local publication = link:settled()
      link:query({ "ANY here.local." }, {
        proposed = { PROPOSED:format(5), "AAAA here.local. 120 2001:db8::5" },
      }, SELF)
      link.world:advance(3000)
      assert.same({}, link:packets())
      assert.equal("here.local.", (publication:names()))
    end)

    it("answers its questions, and its own that come back do nothing (section 15)", function()
      link:settled()
      link:query({ "A here.local." }, nil, SELF)
      link.world:advance(10)
      assert.same({ "A here.local. 120 192.0.2.5 !" }, link:answers())
      local packet = link:packets()[1].packet
      link:mark()
      link:deliver(packet, SELF)
      link.world:advance(2000)
      assert.same({}, link:packets())
    end)
  end)

  describe("of a type of services that others have as well", function()
    local PTR = "PTR _mlx._tcp.local. 4500 %s._mlx._tcp.local."

    before_each(function()
      link:settled { service = "_mlx._tcp", port = 7, instance = "My W\195\164" }
    end)

    it("does not read what others say of theirs", function()
      local encode = spy.on(record, "raw")
      for i = 1, 20 do
        link:hear { PTR:format("w" .. i) }
      end
      assert.spy(encode).was_not_called()
      encode:revert()
    end)

    it("knows its own, however it is spelled", function()
      link:query { "PTR _mlx._tcp.local." }
      link:hear { PTR:format("MY\\032w\195\164") }
      link.world:advance(1000)
      assert.same({}, link:answers())
    end)
  end)
end)
