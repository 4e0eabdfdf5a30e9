local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")
local evenly = require("support.evenly")
local responder_bed = require("support.responder_bed")

local A = "A here.local. 120 192.0.2.1 !"
local PTR = "PTR _mlx._tcp.local. 4500 w._mlx._tcp.local."
local SERVICE = { service = "_mlx._tcp", port = 7, instance = "w" }

describe("mlxresolve.mdns.responder.replies", function()
  local link

  before_each(function()
    link = responder_bed.new {
      links = {
        bed.loopback(),
        bed.interface { addresses = { bed.address("192.0.2.1", 24) } },
      },
    }
    link:settled(SERVICE)
  end)

  local function ask(questions, fields, at)
    link:query(questions, fields, at)
    link.world:advance(600)
    return link:answers()
  end

  it(
    "answers for its own names, whatever the case, and for no others [RFC 6762 6: own records]",
    function()
      assert.same({ A }, ask { "A HERE.Local." })
      link:mark()
      assert.same({}, ask { "A there.local.", "PTR _ipp._tcp.local." })
    end
  )

  it("never says what it learnt from others [RFC 6762 6: own records]", function()
    link:hear { "A there.local. 120 192.0.2.9 !" }
    local result = link:ask("there.local.", "A", { timeout = 100 })
    link:hear { "A there.local. 120 192.0.2.9 !" }
    assert.equal("answer", result.status)
    link:mark()
    assert.same({}, ask { "A there.local." })
    assert.same({ A }, ask { "A here.local.", "A there.local." })
  end)

  it("is silent where it owns no name and has no record [RFC 6762 6: silence]", function()
    assert.same({}, ask { "SRV _mlx._tcp.local." })
  end)

  it("answers at once when nobody else can have the answer [RFC 6762 6: unique delay]", function()
    ask { "A here.local." }
    assert.same({ 0 }, link:times())
  end)

  it(
    "delays answers that others may have too by 20 to 120 ms, evenly [RFC 6762 6: shared delay]",
    function()
      evenly(20, 120, function()
        link.world:advance(2000)
        link:mark()
        ask { "PTR _mlx._tcp.local." }
        return link:times()[1]
      end)
    end
  )

  it(
    "delays its answers to a query with TC by 400 to 500 ms, evenly"
      .. " [RFC 6762 6: truncated delay]",
    function()
      evenly(400, 500, function()
        link.world:advance(2000)
        link:mark()
        ask({ "A here.local." }, { truncated = true })
        return link:times()[1]
      end)
    end
  )

  it("says that a name of its own lacks a type [RFC 6762 6.1: negative answers]", function()
    assert.same({ "NSEC here.local. 120 here.local. A !" }, ask { "AAAA here.local." })
    assert.same({ 0 }, link:times())
    link:mark()
    assert.same({
      "NSEC w._mlx._tcp.local. 120 w._mlx._tcp.local. TXT SRV !",
    }, ask { "A w._mlx._tcp.local." })
  end)

  it(
    "uses the restricted form: own name next, no bit for NSEC itself"
      .. " [RFC 6762 6.1: negative answers]",
    function()
      ask { "AAAA here.local." }
      local packet = link:packets()[1].packet
      -- next name (a pointer to the owner), window 0, one byte, A
      assert.equal("\192\12\0\1\64", packet:sub(-5))
    end
  )

  it(
    "gives the other family along, or says that there is none [RFC 6762 6.2: other family]",
    function()
      ask { "A here.local." }
      assert.same({ "NSEC here.local. 120 here.local. A !" }, link:answers("additionals"))
      link = responder_bed.new()
      link:settled()
      ask { "A here.local." }
      assert.same({ "AAAA here.local. 120 fe80::1 !" }, link:answers("additionals"))
    end
  )

  it(
    "answers every question of a packet, after 20 to 120 ms [RFC 6762 6.3: several questions]",
    function()
      local found = ask { "A here.local.", "PTR _mlx._tcp.local.", "A there.local." }
      assert.same({ A, PTR }, found)
      local ms = link:times()[1]
      assert.is_true(ms >= 20 and ms <= 120)
      link.world:advance(1000)
      link:mark()
      assert.same({ A, PTR }, ask { "A here.local.", "PTR _mlx._tcp.local." })
      ms = link:times()[1]
      assert.is_true(ms >= 20 and ms <= 120)
    end
  )

  it(
    "answers several questions at once when all are for names of its own"
      .. " [RFC 6762 6.3: several questions]",
    function()
      ask { "A here.local.", "AAAA here.local.", "SRV w._mlx._tcp.local." }
      assert.same({ 0 }, link:times())
    end
  )

  it("answers ANY with all records [RFC 6762 6.5: any type]", function()
    assert.same({
      "SRV w._mlx._tcp.local. 120 0 0 7 here.local. !",
      'TXT w._mlx._tcp.local. 4500 "" !',
    }, ask { "ANY w._mlx._tcp.local." })
  end)

  it(
    "answers QU by unicast when everybody has heard the record lately"
      .. " [RFC 6762 5.4: unicast answers]",
    function()
      ask { "QU A here.local." }
      local reply = link:packets()[1]
      assert.equal("192.0.2.7:5353", reply.to)
      assert.equal(0, #reply.questions)
      assert.equal(0, reply.id)
      assert.same({ A }, link:answers())
    end
  )

  it(
    "multicasts though asked by QU when the last time is a quarter of the TTL ago"
      .. " [RFC 6762 5.4: unicast answers]",
    function()
      link.world:advance(31e3)
      link:mark()
      ask { "QU A here.local." }
      assert.equal("224.0.0.251:5353", link:packets()[1].to)
      link:mark()
      ask { "QU A here.local." }
      assert.equal("192.0.2.7:5353", link:packets()[1].to)
    end
  )

  it("multicasts when one of two equal questions is not QU (RFC 6762 section 5.4)", function()
    ask { "QU A here.local.", "A here.local." }
    assert.equal("224.0.0.251:5353", link:packets()[1].to)
  end)

  it(
    "answers a question sent to its own address by unicast [RFC 6762 5.5: direct questions]",
    function()
      ask({ "A here.local." }, nil, { to = "192.0.2.1", hops = 64 })
      assert.equal("192.0.2.7:5353", link:packets()[1].to)
    end
  )

  it(
    "ignores one from off the link [RFC 6762 5.5: direct questions] [RFC 6762 11: off the link]",
    function()
      local far = { from = "203.0.113.5", to = "192.0.2.1", hops = 64 }
      assert.same({}, ask({ "A here.local." }, nil, far))
      far.hops = 255
      assert.same({}, ask({ "A here.local." }, nil, far))
      assert.equal(2, link.engine:stats().off_link)
    end
  )

  it(
    "answers legacy questions: unicast, ID and question repeated, TTL 10, no flush"
      .. " [RFC 6762 6.7: other ports]",
    function()
      link:query({ "A here.local." }, { id = 4711 }, { port = 40001, hops = 64 })
      link.world:advance(200)
      local reply = link:packets()[1]
      assert.equal("192.0.2.7:40001", reply.to)
      assert.equal(4711, reply.id)
      assert.equal("A", reply.questions[1].type)
      assert.equal("here.local.", reply.questions[1].name)
      assert.same({ "A here.local. 10 192.0.2.1" }, link:answers())
      assert.is_true(reply.authoritative)
    end
  )

  it("repeats the question as it was spelled [RFC 6762 6.7: other ports]", function()
    link:query({ "A HeRe.LoCaL." }, { id = 1 }, { port = 40001 })
    assert.equal("\4HeRe\5LoCaL\0", link:packets()[1].packet:sub(13, 24))
    assert.same({ "A here.local. 10 192.0.2.1" }, link:answers())
  end)

  it(
    "does not compress SRV for legacy queriers, and does for others"
      .. " [RFC 6762 18.14: uncompressed SRV]",
    function()
      link:query({ "SRV w._mlx._tcp.local." }, { id = 1 }, { port = 40001 })
      assert.is_not_nil(link:packets()[1].packet:find("\0\7\4here\5local\0", 1, true))
      link:mark()
      ask { "SRV w._mlx._tcp.local." }
      assert.is_not_nil(link:packets()[1].packet:find("\0\7\4here\192", 1, true))
    end
  )

  it("gives legacy queriers off the link nothing [RFC 6762 11: off the link]", function()
    assert.same({}, ask({ "A here.local." }, { id = 1 }, { from = "203.0.113.5", port = 40001 }))
  end)

  it(
    "leaves out what the querier knows for at least half of its time [RFC 6762 7.1: known answers]",
    function()
      assert.same(
        {},
        ask({ "PTR _mlx._tcp.local." }, {
          known = { "PTR _mlx._tcp.local. 2250 W._MLX._tcp.local." },
        })
      )
      assert.same(
        { PTR },
        ask({ "PTR _mlx._tcp.local." }, {
          known = { "PTR _mlx._tcp.local. 2249 w._mlx._tcp.local." },
        })
      )
    end
  )

  it("other data is no known answer [RFC 6762 7.1: known answers]", function()
    assert.same(
      { PTR },
      ask({ "PTR _mlx._tcp.local." }, {
        known = { "PTR _mlx._tcp.local. 4500 v._mlx._tcp.local." },
      })
    )
  end)

  it(
    "defends its name at once against a probe, and again after 250 ms [RFC 6762 6: defence]",
    function()
      local probe = { proposed = { "A here.local. 120 192.0.2.9" } }
      for _ = 1, 3 do
        link:query({ "ANY here.local." }, probe, { from = "192.0.2.9" })
        link.world:advance(250)
      end
      assert.same({ 0, 250, 500 }, link:times())
      assert.equal(A, link:answers()[1])
    end
  )

  it(
    "answers on the link that asks, with that link's addresses [RFC 6762 14: every link]",
    function()
      link = responder_bed.new {
        links = { bed.interface { addresses = { bed.address("192.0.2.1", 24) } }, bed.wifi() },
      }
      link:settled()
      link:query({ "A here.local." }, nil, { from = "198.51.100.9", interface = 3 })
      link.world:advance(10)
      assert.same({ "A here.local. 120 198.51.100.1 !" }, link:answers())
      assert.equal(3, link:packets()[1].interface)
    end
  )

  it("answers over the family that asks (RFC 6762 section 6)", function()
    link = responder_bed.new()
    link:settled()
    link:query({ "A here.local." }, nil, { from = "fe80::7%eth0" })
    link.world:advance(10)
    assert.same({}, link:packets())
    assert.same({ A }, link:answers("answers", "ipv6"))
    assert.equal("[ff02::fb]:5353", link:packets("ipv6")[1].to)
  end)

  it("tells names apart by ASCII case folding only [RFC 6762 16: letters]", function()
    link:settled { host = "here", service = "_mlx._tcp", port = 8, instance = "BÜro" }
    assert.equal(1, #ask { "SRV b\195\156RO._mlx._tcp.local." })
    link:mark()
    assert.same({}, ask { "SRV b\195\188ro._mlx._tcp.local." })
  end)

  it(
    "sends ID 0 and AA, and neither TC nor questions"
      .. " [RFC 6762 18: header sent] [RFC 6762 6: no questions]",
    function()
      link:query({ "A here.local." }, { id = 99 })
      link.world:advance(10)
      local reply = link:packets()[1]
      assert.equal(0, reply.id)
      assert.is_true(reply.authoritative)
      assert.is_false(reply.truncated)
      assert.same({}, reply.questions)
      assert.equal(0, reply.rcode)
    end
  )

  it("ignores queries with an opcode or an rcode [RFC 6762 18: header heard]", function()
    assert.same({}, ask({ "A here.local." }, { opcode = 2 }))
    assert.same({}, ask({ "A here.local." }, { rcode = 3 }))
  end)

  it("ignores damaged queries, whole and in part (RFC 6762 section 18)", function()
    local packet = responder_bed.query({ "A here.local." }, {
      known = { "PTR _mlx._tcp.local. 4500 w._mlx._tcp.local." },
    })
    for length = 0, #packet - 1 do
      link:deliver(packet:sub(1, length))
    end
    link:deliver(packet:sub(1, 4) .. ("\255"):rep(8) .. packet:sub(13))
    link.world:advance(600)
    assert.same({}, link:packets())
  end)

  it("tells which types of services there are [RFC 6763 9: types of services]", function()
    local type_ = "PTR _services._dns-sd._udp.local."
    assert.same({ type_ .. " 4500 _mlx._tcp.local." }, ask { type_ })
  end)

  it("is found by its subtypes [RFC 6763 7.1: subtypes]", function()
    link:settled {
      service = "_http._tcp",
      port = 80,
      instance = "p",
      subtypes = { "_printer" },
    }
    assert.same({
      "PTR _printer._sub._http._tcp.local. 4500 p._http._tcp.local.",
    }, ask { "PTR _printer._sub._http._tcp.local." })
    link:mark()
    assert.same({
      "PTR _services._dns-sd._udp.local. 4500 _http._tcp.local.",
      "PTR _services._dns-sd._udp.local. 4500 _mlx._tcp.local.",
    }, ask { "PTR _services._dns-sd._udp.local." })
  end)

  it("gives SRV, TXT and addresses along with PTR [RFC 6763 12.1: along with PTR]", function()
    ask { "PTR _mlx._tcp.local." }
    assert.same({
      A,
      "NSEC here.local. 120 here.local. A !",
      "SRV w._mlx._tcp.local. 120 0 0 7 here.local. !",
      'TXT w._mlx._tcp.local. 4500 "" !',
    }, link:answers("additionals"))
  end)

  it("gives addresses along with SRV [RFC 6763 12.2: along with SRV]", function()
    ask { "SRV w._mlx._tcp.local." }
    assert.same({ A, "NSEC here.local. 120 here.local. A !" }, link:answers("additionals"))
  end)

  it("gives nothing along with TXT [RFC 6763 12.3: along with TXT]", function()
    ask { "TXT w._mlx._tcp.local." }
    assert.same({}, link:answers("additionals"))
  end)

  it("survives queries of any length (RFC 6762 section 5.2)", function()
    local list = {}
    for i = 1, 500 do
      list[i] = ("A n%d.local."):format(i)
    end
    list[#list + 1] = "A here.local."
    assert.same({ A }, ask(list))
    assert.is_not_nil(core)
  end)
end)
