local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")
local packets = require("mlxresolve.mdns.responder.packets")
local record = require("mlxresolve.mdns.responder.record")
local responder_bed = require("support.responder_bed")

local function txt(name, bytes)
  local strings = {}
  while bytes > 0 do
    local length = math.min(bytes - 1, 255)
    strings[#strings + 1] = ('"%s"'):format(("x"):rep(length))
    bytes = bytes - length - 1
  end
  return assert(record.new {
    name = name,
    type = "TXT",
    data = table.concat(strings, " "),
    is_unique = true,
  })
end

local function total(made)
  local count = 0
  for _, packet in ipairs(made) do
    count = count + #assert(core.wire.decode(packet)).answers
  end
  return count
end

describe("mlxresolve.mdns.responder.packets", function()
  it("splits what does not fit into one frame [RFC 6762 17: packet size]", function()
    local list = {}
    for i = 1, 20 do
      list[i] = txt(("n%d.local."):format(i), 300)
    end
    local made = packets.responses({ mtu = 1500 }, list)
    assert.is_true(#made >= 5 and #made <= 7)
    assert.equal(20, total(made))
    for _, packet in ipairs(made) do
      assert.is_true(#packet + 48 <= 1500)
    end
  end)

  it(
    "exceeds the frame for a single record only, and 9000 bytes never"
      .. " [RFC 6762 17: one large record]",
    function()
      local made = packets.responses(
        { mtu = 1500 },
        { txt("a.local.", 100), txt("b.local.", 8800) }
      )
      assert.equal(2, #made)
      assert.is_true(#made[2] + 48 > 1500 and #made[2] + 48 <= 9000)
      made = packets.responses({ mtu = 65536 }, {
        txt("a.local.", 5000),
        txt("b.local.", 5000),
        txt("c.local.", 1000),
      })
      assert.equal(2, #made)
      for _, packet in ipairs(made) do
        assert.is_true(#packet + 48 <= 9000)
      end
    end
  )

  it("leaves additional records out that do not fit (RFC 6762 section 17)", function()
    local made = packets.responses({ mtu = 1500 }, { txt("a.local.", 1000) }, {
      txt("b.local.", 100),
      txt("c.local.", 1000),
    })
    assert.equal(1, #made)
    assert.equal(1, #core.wire.decode(made[1]).additionals)
  end)

  it("puts probes for many names into few packets (RFC 6762 section 17)", function()
    local link = responder_bed.new {
      links = { bed.interface { addresses = { bed.address("192.0.2.1", 24) } } },
    }
    for i = 1, 60 do
      link:publish { service = "_mlx._tcp", port = i, instance = "worker number " .. i }
    end
    link.world:advance(200)
    local made = link:packets()
    assert.is_true(#made >= 2 and #made <= 6, #made)
    local names = 0
    for _, probe in ipairs(made) do
      assert.is_true(probe.bytes + 48 <= 1500)
      names = names + #probe.questions
    end
    assert.equal(62, names)
  end)

  it(
    "sets the cache-flush bit on unique records only, and never in probes"
      .. " [RFC 6762 10.2: flush bit]",
    function()
      local shared = assert(record.new { name = "_x._tcp.local.", type = "PTR", data = "w.local." })
      local made = packets.responses({ mtu = 1500 }, { txt("a.local.", 10), shared })
      local message = core.wire.decode(made[1])
      assert.is_true(message.answers[1].cache_flush)
      assert.is_false(message.answers[2].cache_flush)
      local unique = txt("a.local.", 10)
      made = packets.probes(
        { mtu = 1500 },
        { { names = { "a.local." }, records = { unique } } },
        true
      )
      assert.is_false(core.wire.decode(made[1]).authorities[1].cache_flush)
    end
  )

  it("cuts what a legacy querier has no room for and sets TC (RFC 6762 section 6.7)", function()
    local query = responder_bed.query({ "TXT a.local." }, { id = 5 })
    local message = core.wire.decode(query)
    local reply = packets.legacy(message, query, { txt("a.local.", 600) }, {})
    assert.is_true(#reply <= 512)
    assert.is_true(core.wire.decode(reply).truncated)
    reply = packets.legacy(message, query, { txt("a.local.", 300) }, { txt("b.local.", 300) })
    assert.is_false(core.wire.decode(reply).truncated)
    assert.equal(1, #core.wire.decode(reply).answers)
  end)
end)
