local bed = require("support.mdns_bed")
local watches = require("mlxresolve.mdns.watches")

describe("mlxresolve.mdns.watches", function()
  it("keep a name's records from being evicted, and its packets from being ignored", function()
    local link = bed.new()
    local _, handle = link:watch("mini2.local.", "A")
    link.world:advance(1)
    link:deliver(bed.response("mini2.local.", { { type = "A", data = "192.0.2.7" } }))
    link.world:advance(1)
    assert.equal(1, link.engine:stats().learnt)
    assert.is_not_nil(link.engine.store.pinned["mini2.local."])
    handle:close()
    link.world:advance(5000)
    assert.is_nil(link.engine.store.pinned["mini2.local."])
    assert.equal(0, #link.engine.watches:of("mini2.local."))
  end)

  it("give those with other interfaces a watch of their own", function()
    local link = bed.new { links = { bed.interface(), bed.wifi() } }
    link:watch("mini2.local.", "A", { interfaces = { "eth0" } })
    link:watch("mini2.local.", "A")
    assert.equal(2, #link.engine.watches:of("mini2.local."))
  end)

  it("tell only what was heard on the interfaces that are meant", function()
    local link = bed.new { links = { bed.interface(), bed.wifi() } }
    local lines = link:watch("mini2.local.", "A", { interfaces = { "eth0" } })
    link.world:advance(1)
    local packet = bed.response("mini2.local.", { { type = "A", data = "198.51.100.7" } })
    link:deliver(packet, { from = "198.51.100.7", interface = 3 })
    link.world:advance(1)
    assert.same({}, lines)
  end)

  it("say once that an interface which is named is not there, and begin when it comes", function()
    local link = bed.new { links = { bed.interface() } }
    link:watch("mini2.local.", "A", { interfaces = { "wlan0" } })
    link:watch("mini3.local.", "A", { interfaces = { "wlan0" } })
    link.world:advance(5000)
    assert.same({}, link:questions())
    assert.equal(1, #link.world.lines)
    assert.matches(
      "nothing is watched yet on wlan0: there is no such interface",
      link.world.lines[1]
    )
    link.world.links = { bed.interface(), bed.wifi() }
    link.world:network { { type = "link_added", index = 3, interface = "wlan0", up = true } }
    link.world:advance(200)
    assert.matches("^4 3 QU A mini%d.local. A mini%d.local.$", link:questions()[1])
  end)

  it("delay what happens at the same moment by the same 20 to 120 ms", function()
    local link = bed.new()
    local delay = link.engine.watches:common_delay()
    assert.is_true(delay >= 20 and delay <= 120)
    assert.equal(delay, link.engine.watches:common_delay())
    link.world:advance(delay + 1)
    assert.is_true(link.engine.watches:common_delay() >= 20)
  end)

  it("ask again in one packet for what came in one", function()
    local link = bed.new()
    local records = {}
    for i = 1, 20 do
      local name = ("mini%d.local."):format(i)
      link:watch(name, "A")
      records[i] = { name = name, type = "A", data = ("192.0.2.%d"):format(100 + i) }
    end
    link.world:advance(1)
    link:deliver(bed.response("mini.local.", records))
    link.world:advance(10)
    link:sent()
    link.world:advance(100e3)
    local sent = link:sent()
    assert.equal(2, #sent)
    assert.equal(20, #sent[1].questions)
    assert.equal(20, #sent[2].questions)
  end)

  it("take one type or two", function()
    assert.same({ "SRV", "TXT" }, watches.types { "srv", "TXT" })
    assert.same({ "A" }, watches.types("A"))
    local types, _, code = watches.types { "A", "AAAA", "TXT" }
    assert.is_nil(types)
    assert.equal("EINVAL", code)
  end)
end)
