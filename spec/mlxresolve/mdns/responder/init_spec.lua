local bed = require("support.mdns_bed")
local responder_bed = require("support.responder_bed")

local function ethernet(...)
  local addresses = {}
  for i, text in ipairs { ... } do
    addresses[i] = bed.address(text, text:find(":") and 64 or 24)
  end
  return bed.interface { addresses = addresses }
end

local CHANGED = {
  { type = "address_removed", index = 2, interface = "eth0" },
  { type = "address_added", index = 2, interface = "eth0" },
}

describe("mlxresolve.mdns.responder", function()
  local link

  before_each(function()
    link = responder_bed.new { links = { bed.loopback(), ethernet("192.0.2.1") } }
  end)

  local function move(...)
    link.world.links = { bed.loopback(), ... }
    link.world:network(CHANGED)
  end

  it("gives host records 120 s and all others 75 minutes [RFC 6762 10: times to live]", function()
    link:settled { service = "_mlx._tcp", port = 7, instance = "w" }
    link.engine:close()
    link:mark()
    link = responder_bed.new { links = { ethernet("192.0.2.1") } }
    link:publish { service = "_mlx._tcp", port = 7, instance = "w" }
    link.world:advance(1100)
    assert.same({
      "A here.local. 120 192.0.2.1 !",
      "PTR 1.2.0.192.in-addr.arpa. 120 here.local. !",
      "PTR _mlx._tcp.local. 4500 w._mlx._tcp.local.",
      "PTR _services._dns-sd._udp.local. 4500 _mlx._tcp.local.",
      "SRV w._mlx._tcp.local. 120 0 0 7 here.local. !",
      'TXT w._mlx._tcp.local. 4500 "" !',
    }, link:answers())
  end)

  it("announces another address at once, without probing [RFC 6762 8.4: change]", function()
    link:settled()
    move(ethernet("192.0.2.77"))
    link.world:advance(5)
    assert.same({}, link:probes())
    local found = table.concat(link:answers(), "\n")
    assert.matches("A here%.local%. 120 192%.0%.2%.77 !", found)
    assert.matches("PTR 77%.2%.0%.192%.in%-addr%.arpa%. 120 here%.local%. !", found)
    assert.is_true(link:times()[#link:times()] <= 2)
  end)

  it("says goodbye to an address that is gone (RFC 6762 section 8.4)", function()
    link:settled()
    move(ethernet("192.0.2.77"))
    assert.same({
      "A here.local. 0 192.0.2.1 !",
      "PTR 1.2.0.192.in-addr.arpa. 0 here.local. !",
    }, responder_bed.words(link:packets()[1].answers))
  end)

  it("says what is left after an address has gone, for those who missed the goodbye", function()
    link = responder_bed.new { links = { ethernet("192.0.2.1", "192.0.2.2") } }
    link:settled()
    move(ethernet("192.0.2.2"))
    link.world:advance(100)
    assert.same({ "A here.local. 0 192.0.2.1 !" }, { link:answers()[1] })
    link:mark()
    link.world:advance(200)
    assert.equal("A here.local. 120 192.0.2.2 !", link:answers()[1])
  end)

  it("counts an address in the place of another as one change, though it comes later", function()
    link:settled()
    for i = 2, 10 do
      move(ethernet("fe80::1%eth0"))
      link.world:advance(20)
      link:mark()
      move(ethernet("fe80::1%eth0", "192.0.2." .. i))
      link.world:advance(5)
      assert.matches("A here.local. 120 192.0.2." .. i, link:answers()[1], 1, true)
      link.world:advance(5000)
    end
  end)

  it("answers with the new address from then on (RFC 6762 section 8.4)", function()
    link:settled()
    move(ethernet("192.0.2.77"))
    link.world:advance(10e3)
    link:mark()
    link:query { "ANY here.local." }
    assert.same({ "A here.local. 120 192.0.2.77 !" }, link:answers())
  end)

  it(
    "announces at most ten changes a minute, and the last one in the end"
      .. " [RFC 6762 8.4: change rate]",
    function()
      link:settled()
      for i = 1, 50 do
        move(ethernet("192.0.2." .. i))
        link.world:advance(50)
      end
      local announced = {}
      for _, text in ipairs(link:answers()) do
        local address = text:match("^A here%.local%. 120 (%S+)")
        announced[#announced + 1] = address
      end
      assert.is_true(#announced <= 20, #announced)
      link:mark()
      link.world:advance(65e3)
      assert.equal("A here.local. 120 192.0.2.50 !", link:answers()[1])
    end
  )

  it("probes, then announces, on a link that was down [RFC 6762 10.2: back again]", function()
    link:settled()
    link.world.links = { bed.loopback(), ethernet("192.0.2.1") }
    link.world:network {
      { type = "link_changed", index = 2, interface = "eth0", up = false },
      { type = "link_changed", index = 2, interface = "eth0", up = true },
    }
    link:query { "A here.local." }
    assert.same({}, link:answers())
    link.world:advance(1000)
    assert.equal(3, #link:probes())
    assert.is_true(link:times()[1] <= 1000)
    link:mark()
    link:query { "A here.local." }
    link.world:advance(1000)
    assert.equal("A here.local. 120 192.0.2.1 !", link:answers()[1])
  end)

  it("gives each link its own addresses [RFC 6762 6.2: addresses of the link]", function()
    link = responder_bed.new { links = { ethernet("192.0.2.1"), bed.wifi() } }
    link:publish()
    link.world:advance(1100)
    for _, message in ipairs(link:packets()) do
      local text = table.concat(responder_bed.words(message.answers), "\n")
      if message.response then
        local expected = message.interface == 2 and "192.0.2.1" or "198.51.100.1"
        assert.equal("A here.local. 120 " .. expected .. " !", text:match("^[^\n]*"))
      end
    end
    assert.equal(2, #link:times())
  end)

  it(
    "says all addresses of a link, unless Avahi is there, too [RFC 6762 6.2: all addresses]",
    function()
      local function said(files)
        link =
          responder_bed.new { links = { ethernet("192.0.2.1", "2001:db8::1", "fe80::1%eth0") } }
        link.world.files = files
        link:publish()
        link.world:advance(1100)
        return link:answers()
      end
      local found = said {}
      assert.equal("AAAA here.local. 120 2001:db8::1 !", found[2])
      assert.equal("AAAA here.local. 120 fe80::1 !", found[3])
      found = said { ["/etc/avahi/avahi-daemon.conf"] = "" }
      assert.equal("AAAA here.local. 120 2001:db8::1 !", found[2])
      assert.matches("^PTR", found[3])
    end
  )

  it("begins on a link that comes up [RFC 6762 8: starting over]", function()
    link:settled()
    link.world.links = { bed.loopback(), ethernet("192.0.2.1"), bed.wifi() }
    link.world:network { { type = "link_added", index = 3, interface = "wlan0", up = true } }
    link.world:advance(1100)
    for _, message in ipairs(link:packets()) do
      assert.equal(3, message.interface)
    end
    assert.same({
      "A here.local. 120 198.51.100.1 !",
      "PTR 1.100.51.198.in-addr.arpa. 120 here.local. !",
    }, link:answers())
  end)

  it("says goodbye to everything when it ends [RFC 6762 10.1: goodbye]", function()
    link:settled { service = "_mlx._tcp", port = 7, instance = "w", subtypes = { "_gpu" } }
    link.engine:close()
    assert.same({
      "A here.local. 0 192.0.2.1 !",
      "PTR 1.2.0.192.in-addr.arpa. 0 here.local. !",
      "PTR _gpu._sub._mlx._tcp.local. 0 w._mlx._tcp.local.",
      "PTR _mlx._tcp.local. 0 w._mlx._tcp.local.",
      "PTR _services._dns-sd._udp.local. 0 _mlx._tcp.local.",
      "SRV w._mlx._tcp.local. 0 0 0 7 here.local. !",
      'TXT w._mlx._tcp.local. 0 "" !',
    }, link:answers())
    link:mark()
    link.world:advance(20e3)
    assert.same({}, link:packets("both"))
  end)

  it("says no goodbye to what it has not said yet (RFC 6762 section 10.1)", function()
    link:publish()
    link.world:advance(300)
    link:mark()
    link.engine:close()
    assert.same({}, link:packets())
  end)

  it(
    "sends to the group of each family from its port, on each link" .. " [RFC 6762 6: ports]",
    function()
      link = responder_bed.new()
      link:publish()
      link.world:advance(1100)
      for _, sent in ipairs(link.world.sent) do
        assert.is_true(sent.to == "224.0.0.251:5353" or sent.to == "[ff02::fb]:5353")
        assert.is_true(sent.socket.options.multicast)
        assert.matches(":5353$", sent.socket.options.bind)
      end
    end
  )

  it("answers this machine's own questions without asking the link", function()
    link:settled { service = "_mlx._tcp", port = 7, instance = "w" }
    local found = link:ask("here.local.", "A")
    local none = link:ask("here.local.", "AAAA")
    local service = link:ask("w._mlx._tcp.local.", "SRV")
    link.world:advance(0)
    assert.same({ "192.0.2.1" }, found.data)
    assert.equal("nodata", none.status)
    assert.same({ "0 0 7 here.local." }, service.data)
    assert.same({}, link:packets())
  end)

  it("tells those who asked for its own names of their changes", function()
    local cache = bed.cache()
    link = responder_bed.new { links = { ethernet("192.0.2.1") }, cache = cache }
    link:settled()
    cache.flushed = {}
    link.world.links = { ethernet("192.0.2.77") }
    link.world:network(CHANGED)
    assert.same({ "here.local." }, cache.flushed)
  end)

  it("knows its own packets again though it has sent the same ones often", function()
    link:settled()
    local last
    for _ = 1, 100 do
      link:query { "A here.local." }
      link.world:advance(1001)
      last = link.world.sent[#link.world.sent].packet
    end
    for _ = 1, 40 do
      link:query({ "A here.local." }, { id = 1 }, { port = 40000 })
      link.world:advance(1001)
    end
    link:deliver(last, { from = "192.0.2.1" })
    link.world:advance(0)
    assert.equal(1, link.engine:stats().echo)
  end)

  it("publishes nothing where nothing may be published", function()
    link.engine.is_private = true
    local publication = link:publish()
    link.world:advance(20e3)
    publication:close()
    assert.same({}, link:packets("both"))
  end)

  it("stays small and answers at once in a flood of new names", function()
    link:settled()
    collectgarbage()
    local before = collectgarbage("count")
    for i = 1, 20000 do
      link:deliver(responder_bed.query { ("A n%d.local."):format(i) })
      if i % 100 == 0 then
        link.world:advance(10)
      end
    end
    link:query { "A here.local." }
    assert.same({ 0 }, { link:times()[1] - (link.world:now() - link.since) })
    collectgarbage()
    assert.is_true(collectgarbage("count") - before < 1000)
  end)
end)
