local bed = require("support.mdns_bed")
local reconfirm = require("mlxresolve.mdns.reconfirm")

local A = { type = "A", data = "192.0.2.7" }
local AAAA = { type = "AAAA", data = "2001:db8::7" }

describe("mlxresolve.mdns.reconfirm", function()
  local link

  --- The host has said its addresses, half a minute ago.
  before_each(function()
    link = bed.new()
    local result = link:ask("mini2.local.", "A")
    link.world:advance(1)
    link:deliver(bed.response("mini2.local.", { A, AAAA }))
    link.world:advance(30e3)
    assert.same({ "192.0.2.7" }, result.data)
    link:sent()
  end)

  local function run(name)
    local result = {}
    link.scheduler:spawn(function()
      local started = link.world:now()
      result.said, result.message, result.code = reconfirm.run(link.engine, name or "mini2.local.")
      result.ms = link.world:now() - started
    end)
    link.world:advance(0)
    return result
  end

  local function stored()
    return #link.engine.store:records("mini2.local.", link.world:now())
  end

  it("asks everybody and the host that said it last, without what is known", function()
    run()
    local sent, to = link:sent(), {}
    for _, message in ipairs(sent) do
      to[message.to] = message.questions[1].unicast
      assert.same({}, message.answers)
    end
    assert.same({ ["224.0.0.251:5353"] = true, ["192.0.2.7:5353"] = true }, to)
  end)

  it("asks again after 250 ms and after a second, and then gives up", function()
    local result = run()
    link:sent()
    link.world:advance(250)
    assert.equal(2, #link:sent())
    link.world:advance(750)
    assert.equal(3, #link:sent())
    link.world:advance(10e3)
    assert.same({ said = {}, ms = 1500 }, result)
    assert.same({}, link:sent())
  end)

  it("ends when both families were said again", function()
    local result = run()
    link.world:advance(7)
    link:deliver(bed.response("mini2.local.", { A, AAAA }))
    link.world:advance(1)
    assert.same({ said = { A = true, AAAA = true }, ms = 7 }, result)
  end)

  it("waits for a family that the host had until it gives up", function()
    local result = run()
    link.world:advance(7)
    link:deliver(bed.response("mini2.local.", { A }), { to = "192.0.2.1" })
    link.world:advance(2000)
    assert.same({ said = { A = true }, ms = 1500 }, result)
  end)

  it("waits a moment for one that the host did not have", function()
    link:deliver(bed.response("mini2.local.", { { type = "AAAA", data = AAAA.data, ttl = 0 } }))
    link.world:advance(1100)
    local result = run()
    link.world:advance(7)
    link:deliver(bed.response("mini2.local.", { A }), { to = "192.0.2.1" })
    link.world:advance(200)
    assert.same({ said = { A = true }, ms = 107 }, result)
  end)

  it("forgets an old address when another was said, in a reply that flushes nothing", function()
    run()
    local other = { type = "A", data = "192.0.2.8", cache_flush = false }
    link:deliver(bed.response("mini2.local.", { other, AAAA }))
    link.world:advance(2000)
    local kept = {}
    for _, record in ipairs(link.engine.store:records("mini2.local.", link.world:now())) do
      kept[record.data] = true
    end
    assert.same({ ["192.0.2.8"] = true, ["2001:db8::7"] = true }, kept)
  end)

  it("takes no goodbye for an answer", function()
    local result = run()
    link:deliver(bed.response("mini2.local.", { { type = "A", data = "192.0.2.7", ttl = 0 } }))
    link.world:advance(2000)
    assert.same({}, result.said)
  end)

  it("lets what is known be answered meanwhile, and drops it when told to", function()
    run()
    local result = link:ask("mini2.local.", "A")
    link.world:advance(1)
    assert.same({ "192.0.2.7" }, result.data)
    assert.equal(2, stored())
    link.world:advance(2000)
    reconfirm.forget(link.engine, "mini2.local.")
    assert.equal(0, stored())
  end)

  it("drops nothing that was said again", function()
    run()
    link:deliver(bed.response("mini2.local.", { A }))
    link.world:advance(2000)
    reconfirm.forget(link.engine, "mini2.local.")
    assert.equal(1, stored())
  end)

  it("leaves nothing behind", function()
    local before = link.engine:stats().waiting
    run()
    assert.equal(before + 1, link.engine:stats().waiting)
    link.world:advance(2000)
    assert.equal(before, link.engine:stats().waiting)
    assert.equal(0, link.engine.reconfirmations.count)
    assert.same({}, link.engine.reconfirmations.names)
  end)

  it("says that there is nobody to ask", function()
    link.world.links = {}
    link.world:network { { type = "link_removed", index = 2, interface = "eth0" } }
    link.world:advance(0)
    local result = run()
    assert.is_nil(result.said)
    assert.equal("ENETDOWN", result.code)
  end)

  it("concerns the names that were heard of", function()
    assert.is_true(reconfirm.concerns(link.engine, "mini2.local."))
    assert.is_false(reconfirm.concerns(link.engine, "mini3.local."))
  end)
end)
