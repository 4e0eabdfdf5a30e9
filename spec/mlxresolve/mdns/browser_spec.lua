local bed = require("support.mdns_bed")

local function service(instance, host, address, text)
  local name = instance .. "._mlx._tcp.local."
  return {
    { type = "PTR", data = name, cache_flush = false },
    { name = name, type = "SRV", data = "0 0 50051 " .. host, additional = true },
    { name = name, type = "TXT", data = text or '"model=x"', additional = true },
    { name = host, type = "A", data = address, additional = true },
  }
end

local WORKER = service("Worker\\0321", "mini2.local.", "192.0.2.7")

describe("mlxresolve.mdns.browser", function()
  local link, events

  local function browse(type)
    events = {}
    return assert(link.engine:browse(type, function(found)
      events[#events + 1] = found
    end))
  end

  before_each(function()
    link = bed.new()
  end)

  local function hear(name, records, at)
    link:deliver(bed.response(name, records), at)
    link.world:advance(50)
  end

  local function questions()
    local list = {}
    for _, message in ipairs(link:sent()) do
      for _, question in ipairs(message.questions) do
        list[#list + 1] = question.type .. " " .. question.name
      end
    end
    return list
  end

  it("tells of an instance with all that came along (RFC 6763 section 12.1)", function()
    browse("_mlx._tcp")
    link.world:advance(1)
    hear("_mlx._tcp.local.", WORKER)
    assert.equal(1, #events)
    local found = events[1]
    assert.equal("added", found.kind)
    assert.equal("Worker 1", found.instance)
    assert.equal("_mlx._tcp", found.type)
    assert.equal("mini2.local.", found.host)
    assert.equal(50051, found.port)
    assert.same({ "192.0.2.7" }, found.addresses)
    assert.same({ model = "x" }, found.txt)
    assert.equal("eth0", found.interface)
  end)

  it("asks for what did not come along, all in one packet, 20 to 120 ms later", function()
    browse("_mlx._tcp")
    link.world:advance(1)
    link:sent()
    local pointers = {}
    for i = 1, 5 do
      local data = ("w%d._mlx._tcp.local."):format(i)
      pointers[i] = { type = "PTR", data = data, cache_flush = false }
    end
    hear("_mlx._tcp.local.", pointers)
    link.world:advance(100)
    local sent = link:sent()
    assert.equal(1, #sent)
    assert.equal(10, #sent[1].questions)
  end)

  it("finds out host and address step by step", function()
    browse("_mlx._tcp")
    link.world:advance(1)
    hear("_mlx._tcp.local.", { WORKER[1] })
    hear("worker\\0321._mlx._tcp.local.", { WORKER[2], WORKER[3] })
    assert.same({}, events)
    link.world:advance(130)
    local asked = table.concat(questions(), ", ")
    assert.is_not_nil(asked:find("A mini2.local., AAAA mini2.local.", 1, true), asked)
    hear("mini2.local.", { WORKER[4] })
    assert.equal("added", events[1].kind)
    assert.same({ "192.0.2.7" }, events[1].addresses)
  end)

  it("tells after a second without an address that does not come", function()
    browse("_mlx._tcp")
    link.world:advance(1)
    hear("_mlx._tcp.local.", { WORKER[1], WORKER[2] })
    link.world:advance(1000)
    assert.equal("added", events[1].kind)
    assert.same({}, events[1].addresses)
  end)

  it("tells a new address and a new text", function()
    browse("_mlx._tcp")
    link.world:advance(1)
    hear("_mlx._tcp.local.", WORKER)
    link.world:advance(5000)
    hear("mini2.local.", { { type = "A", data = "192.0.2.99" } })
    assert.equal("changed", events[2].kind)
    assert.same({ "192.0.2.99" }, events[2].addresses)
    assert.equal("announced", events[2].reason)
    hear("worker\\0321._mlx._tcp.local.", { { type = "TXT", data = '"model=y"' } })
    assert.same({ model = "y" }, events[3].txt)
    assert.equal(3, #events)
  end)

  it("follows a service that moves to another host", function()
    browse("_mlx._tcp")
    link.world:advance(1)
    hear("_mlx._tcp.local.", WORKER)
    link.world:advance(5000)
    hear("worker\\0321._mlx._tcp.local.", {
      { type = "SRV", data = "0 0 7 mini3.local." },
      { name = "mini3.local.", type = "A", data = "192.0.2.3", additional = true },
    })
    assert.equal("mini3.local.", events[2].host)
    assert.equal(7, events[2].port)
    assert.same({ "192.0.2.3" }, events[2].addresses)
  end)

  it("tells a goodbye at once, and the end a second later", function()
    browse("_mlx._tcp")
    link.world:advance(1)
    hear("_mlx._tcp.local.", WORKER)
    local bye = { type = "PTR", data = WORKER[1].data, ttl = 0, cache_flush = false }
    hear("_mlx._tcp.local.", { bye })
    assert.equal("suspect", events[2].kind)
    link.world:advance(1000)
    assert.equal("gone", events[3].kind)
    assert.equal("goodbye", events[3].reason)
    assert.equal("Worker 1", events[3].instance)
  end)

  it("knows an instance heard on two links for one, until it has left both", function()
    link = bed.new { links = { bed.interface(), bed.wifi() } }
    browse("_mlx._tcp")
    link.world:advance(1)
    local over_wifi = { from = "198.51.100.7", interface = 3 }
    hear("_mlx._tcp.local.", WORKER)
    hear("_mlx._tcp.local.", WORKER, over_wifi)
    local bye = { { type = "PTR", data = WORKER[1].data, ttl = 0, cache_flush = false } }
    hear("_mlx._tcp.local.", bye)
    link.world:advance(1100)
    assert.is_not.equal("gone", events[#events].kind)
    hear("_mlx._tcp.local.", bye, over_wifi)
    link.world:advance(1100)
    assert.equal("gone", events[#events].kind)
  end)

  it("gives link-local addresses with their interface, IPv4 first", function()
    browse("_mlx._tcp")
    link.world:advance(1)
    local records = { unpack(WORKER) }
    records[5] = { name = "mini2.local.", type = "AAAA", data = "fe80::7", additional = true }
    hear("_mlx._tcp.local.", records)
    assert.same({ "192.0.2.7", "fe80::7%eth0" }, events[1].addresses)
  end)

  it("browses subtypes [RFC 6763 7.1: subtypes]", function()
    browse("_gpu._sub._mlx._tcp")
    link.world:advance(1)
    assert.same({ "PTR _gpu._sub._mlx._tcp.local." }, questions())
    hear("_gpu._sub._mlx._tcp.local.", WORKER)
    assert.equal("Worker 1", events[1].instance)
  end)

  it("finds all types when none is named [RFC 6763 9: types of services]", function()
    browse()
    link.world:advance(1)
    assert.same({ "PTR _services._dns-sd._udp.local." }, questions())
    hear("_services._dns-sd._udp.local.", {
      { type = "PTR", data = "_mlx._tcp.local.", cache_flush = false },
      { type = "PTR", data = "nonsense.local.", cache_flush = false },
    })
    link.world:advance(120)
    assert.same({ "PTR _mlx._tcp.local." }, questions())
    hear("_mlx._tcp.local.", WORKER)
    assert.equal("Worker 1", events[1].instance)
  end)

  it("takes no notice of pointers to what is no instance", function()
    browse("_mlx._tcp")
    link.world:advance(1)
    hear("_mlx._tcp.local.", { { type = "PTR", data = "mini2.local.", cache_flush = false } })
    link.world:advance(2000)
    assert.same({}, events)
  end)

  it("asks and tells nothing after it was closed", function()
    local handle = browse("_mlx._tcp")
    link.world:advance(1)
    hear("_mlx._tcp.local.", WORKER)
    handle:close()
    link:sent()
    hear("mini2.local.", { { type = "A", data = "192.0.2.99" } })
    link.world:advance(7200e3)
    assert.equal(1, #events)
    assert.same({}, questions())
    assert.equal(0, #link.engine.watches:of("mini2.local."))
  end)

  it("refuses what is no type", function()
    local handle, _, code = link.engine:browse("mini2", print)
    assert.is_nil(handle)
    assert.equal("EINVAL", code)
  end)
end)
