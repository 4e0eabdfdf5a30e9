local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")

local A = { type = "A", data = "192.0.2.7" }

describe("mlxresolve.mdns.hearing", function()
  local link, result

  before_each(function()
    link = bed.new()
    result = link:ask("mini2.local.", "A", { timeout = 200 })
    link.world:advance(10)
  end)

  local function hear(packet, at)
    link:deliver(packet, at)
    link.world:advance(0)
    return result.status
  end

  local function ignored(reason)
    assert.is_nil(result.status)
    assert.equal(1, link.engine:stats()[reason])
    link:deliver(bed.response("mini2.local.", { A }))
    link.world:advance(0)
    assert.equal("answer", result.status)
  end

  it("learns from a multicast response", function()
    assert.equal("answer", hear(bed.response("mini2.local.", { A })))
    assert.equal(1, link.engine:stats().learnt)
  end)

  it("learns from a response over IPv6", function()
    assert.equal("answer", hear(bed.response("mini2.local.", { A }), { from = "fe80::7%eth0" }))
  end)

  it("knows names whatever their case [RFC 6762 16: letters]", function()
    assert.equal("answer", hear(bed.response("MINI2.Local.", { A })))
  end)

  it("believes multicast from a misconfigured neighbour (RFC 6762 section 11)", function()
    local at = { from = "203.0.113.5", hops = 1 }
    assert.equal("answer", hear(bed.response("mini2.local.", { A }), at))
  end)

  it("ignores a response from another port [RFC 6762 6: ports]", function()
    hear(bed.response("mini2.local.", { A }), { port = 5354 })
    ignored("port")
  end)

  it("ignores a response on an interface where it did not ask", function()
    hear(bed.response("mini2.local.", { A }), { interface = 7 })
    ignored("interface")
  end)

  it("ignores unicast from off the link [RFC 6762 11: off the link]", function()
    hear(bed.response("mini2.local.", { A }), { from = "203.0.113.5", to = "192.0.2.1", hops = 64 })
    ignored("off_link")
  end)

  it("believes unicast from the link's own network (RFC 6762 section 11)", function()
    local at = { from = "192.0.2.99", to = "192.0.2.1", hops = 64 }
    assert.equal("answer", hear(bed.response("mini2.local.", { A }), at))
  end)

  it(
    "ignores a query, a response with an opcode and one with an rcode [RFC 6762 18: header heard]",
    function()
      hear(bed.response("mini2.local.", { A }, { response = false }))
      hear(bed.response("mini2.local.", { A }, { opcode = 4 }))
      hear(bed.response("mini2.local.", { A }, { rcode = 3 }))
      assert.is_nil(result.status)
      assert.equal(3, link.engine:stats().query)
    end
  )

  it("ignores other flags of the header [RFC 6762 18: header heard]", function()
    local flags = { authoritative = false, recursion_available = true, authentic = true, id = 77 }
    assert.equal("answer", hear(bed.response("mini2.local.", { A }, flags)))
  end)

  it("takes no notice of the question section of a response [RFC 6762 6: no questions]", function()
    link:watch("_mlx._tcp.local.", "PTR")
    link.world:advance(900)
    link:sent()
    local question = { { name = "_mlx._tcp.local.", type = "PTR", class = "IN" } }
    hear(bed.response("mini2.local.", { A }, { questions = question }))
    assert.equal(1, link.engine:stats().learnt)
    -- a question of another host would have been asked for us (section 7.3)
    link.world:advance(200)
    assert.equal("_mlx._tcp.local.", link:sent()[1].questions[1].name)
  end)

  it("ignores unicast for a name of which it did not ask [RFC 6762 6: unicast window]", function()
    local packet = bed.response("mini3.local.", {
      A,
      { name = "mini2.local.", type = "A", data = "203.0.113.6", additional = true },
    })
    hear(packet, { to = "192.0.2.1" })
    ignored("unasked")
  end)

  it("ignores unicast two seconds after its question [RFC 6762 6: unicast window]", function()
    link.world:settle()
    link.world:advance(3000)
    link.engine.interest:add("mini2.local.", "awaited")
    hear(bed.response("mini2.local.", { A }), { to = "192.0.2.1" })
    assert.equal(1, link.engine:stats().unasked)
    assert.equal(0, link.engine:stats().records)
  end)

  it("keeps what comes late, but within the two seconds [RFC 6762 6: unicast window]", function()
    link.world:settle()
    link.world:advance(1700)
    hear(bed.response("mini2.local.", { A }), { to = "192.0.2.1" })
    local late = link:ask("mini2.local.", "A")
    link.world:advance(0)
    assert.same({ "192.0.2.7" }, late.data)
  end)

  it("ignores a one-shot reply whose ID was not asked with", function()
    link.world:advance(245)
    result = link:ask("mini2.local.", "A", { timeout = 2000 })
    link.world:advance(300)
    local one_shot
    for socket in pairs(link.world.sockets) do
      if not socket.options.share and not socket.options.bind:find("%[") then
        one_shot = socket
      end
    end
    local id = (link.engine.one_shot_id + 1) % 65536
    hear(bed.response("mini2.local.", { A }, { id = id }), { to = "192.0.2.1", socket = one_shot })
    ignored("unasked")
  end)

  it("ignores packets that speak of nobody who is awaited, without decoding them", function()
    local decode = spy.on(core.wire, "decode")
    hear(bed.response("other.local.", { A }))
    assert.spy(decode).was_not_called()
    decode:revert()
    assert.equal(1, link.engine:stats().unawaited)
    assert.equal(0, link.engine:stats().records)
  end)

  it("learns nothing from what a question lists as known [RFC 6762 7.1: not learnt]", function()
    local question = { name = "mini2.local.", type = "A", class = "IN" }
    local known = { name = "mini2.local.", type = "A", class = "IN", ttl = 120, data = A.data }
    hear(assert(core.wire.encode { questions = { question }, answers = { known } }))
    assert.is_nil(result.status)
    assert.equal(0, link.engine:stats().records)
  end)

  it("ignores records of another class", function()
    hear(bed.response("mini2.local.", { { type = "A", class = "CH", data = "\\# 4 c0000207" } }))
    assert.is_nil(result.status)
  end)

  it("survives every prefix of a response", function()
    local packet = bed.response("mini2.local.", {
      A,
      { type = "NSEC", data = "mini2.local. A AAAA", additional = true },
    })
    for length = 0, #packet - 1 do
      hear(packet:sub(1, length))
    end
    assert.is_nil(result.status)
    assert.equal("answer", hear(packet))
  end)

  it("survives headers that claim 65535 records", function()
    local packet = bed.response("mini2.local.", { A })
    hear(packet:sub(1, 4) .. ("\255"):rep(8) .. packet:sub(13))
    hear(packet:sub(1, 6) .. ("\255"):rep(6) .. packet:sub(13))
    assert.is_nil(result.status)
  end)

  it("survives a name that points at itself, and a chain of pointers", function()
    local head = "\0\0\132\0\0\0\0\1\0\0\0\0"
    local tail = "\0\1\0\1\0\0\0\120\0\4\1\2\3\4"
    hear(head .. "\192\12" .. tail)
    hear(head .. "\192\255" .. tail)
    local chain = {}
    for i = 0, 700 do
      local target = 12 + 2 * i + 2
      chain[#chain + 1] = string.char(0xc0 + math.floor(target / 256), target % 256)
    end
    hear(head .. table.concat(chain) .. tail)
    assert.is_nil(result.status)
    assert.equal("answer", hear(bed.response("mini2.local.", { A })))
  end)

  it("discards a damaged NSEC alone [RFC 6762 6.1: unreadable NSEC]", function()
    -- The owner mini2.local., type NSEC, with a bitmap that claims more than there is.
    local good = bed.response("mini2.local.", { A })
    local nsec = "\192\12\0\47\128\1\0\0\0\120\0\5\192\12\0\40\1"
    local packet = good:sub(1, 10) .. "\0\1" .. good:sub(13) .. nsec
    assert.equal("answer", hear(packet))
    assert.same({ "192.0.2.7" }, result.data)
  end)

  it("takes an NSEC whose next name is another [RFC 6762 6.1: unreadable NSEC]", function()
    local six = link:ask("mini2.local.", "AAAA", { timeout = 200 })
    link.world:advance(0)
    hear(bed.response("mini2.local.", { A, { type = "NSEC", data = "zz.local. A" } }))
    assert.equal("nodata", six.status)
  end)

  it("stays within its bounds when flooded with records", function()
    for i = 1, 60 do
      local records = { A }
      for j = 1, 150 do
        records[#records + 1] = {
          name = ("n%d-%d.local."):format(i, j),
          type = "A",
          data = ("10.0.%d.%d"):format(i, j),
          additional = true,
        }
      end
      hear(bed.response("mini2.local.", records))
    end
    assert.equal("answer", result.status)
    assert.is_true(link.engine:stats().records <= 6000)
  end)

  it("has watches look at news only, however much is said again", function()
    local lines = link:watch("_mlx._tcp.local.", "PTR")
    local pointer = { type = "PTR", data = "w._mlx._tcp.local.", cache_flush = false }
    hear(bed.response("_mlx._tcp.local.", { pointer }))
    local watched, looks = link.engine.watches:of("_mlx._tcp.local.")[1], 0
    local look = watched.look
    function watched.look(...)
      looks = looks + 1
      return look(...)
    end
    for _ = 1, 50 do
      hear(bed.response("_mlx._tcp.local.", { pointer }))
    end
    assert.equal(0, looks)
    hear(bed.response("_mlx._tcp.local.", { { type = "PTR", data = pointer.data, ttl = 0 } }))
    assert.is_true(looks > 0)
    assert.equal("added PTR w._mlx._tcp.local.", lines[1])
  end)
end)
