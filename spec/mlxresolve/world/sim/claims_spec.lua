local core = require("mlxresolve.core")
local responders = require("mlxresolve.world.sim.responder")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.world.sim.claims", function()
  local bed, world, said

  -- What hosts say over IPv4: { host, at, text }, "probe mini2.local." or "mini2.local. 192.0.2.2".
  before_each(function()
    bed = sim_bed.new()
    world, said = bed.world, {}
    local from = world.clock.time
    function world.net.on_packet(host, _, to, data)
      local message = core.wire.decode(data)
      if to:find(":", 1, true) or not message then
        return
      end
      local first = message.answers[1]
      local text = first and ("%s %s %d"):format(first.name, first.data, first.ttl)
        or "probe " .. message.questions[1].name
      said[#said + 1] = { host = host.name, at = world.clock.time - from, text = text }
    end
  end)

  local function texts()
    local list = {}
    for i, one in ipairs(said) do
      list[i] = one.text
    end
    return list
  end

  local function run(kind, host, interface, label)
    host.responder = responders.new(world, host, kind, { label = label, is_new = true })
    host.responder:claim(interface)
    return host.responder
  end

  local function gaps()
    local list = {}
    for i = 2, #said do
      list[i - 1] = math.floor(said[i].at - said[i - 1].at + 0.5)
    end
    return list
  end

  it("probes three times and announces, as avahi does", function()
    local mini2 = run("avahi", bed.mini2, bed.en0)
    bed:pass(100)
    mini2:hear(bed.en0, {
      data = core.wire.encode { questions = { { name = "mini2.local", type = "A" } } },
      from = "192.0.2.1",
      port = 5353,
      to = "224.0.0.251",
      to_port = 5353,
    }, bed.eth0)
    bed:pass(10e3)
    local found = gaps()
    assert.same({ 250, 250, 200 }, { unpack(found, 1, 3) })
    assert.is_true(found[4] >= 1000 and found[4] <= 1250 and #found == 5)
    assert.is_true(said[1].at <= 250)
    assert.equal("probe mini2.local.", said[3].text)
    assert.equal("mini2.local. 192.0.2.2 120", said[4].text)
  end)

  it("probes three times and announces four times, as Apple does", function()
    run("apple", bed.mini2, bed.en0)
    bed:pass(20e3)
    assert.same({ 250, 250, 250, 1000, 2000, 4000 }, gaps())
    assert.is_true(said[1].at >= 125 and said[1].at <= 250)
  end)

  it("holds its name from the first announcement on", function()
    local mini2 = run("apple", bed.mini2, bed.en0)
    local told = 0
    function mini2.on_name()
      told = told + 1
    end
    bed:pass(800)
    assert.is_false(mini2.claimed)
    bed:pass(300)
    assert.same({ "mini2", 1 }, { mini2.claimed, told })
  end)

  it("ends a claim when the cable is pulled", function()
    local mini2 = run("avahi", bed.mini2, bed.en0)
    bed:pass(400)
    local count = #said
    bed.en0.is_up = false
    mini2:leave(bed.en0)
    bed.en0.is_up = true
    bed:pass(5000)
    assert.equal(count, #said)
  end)

  it("notices a cable if its kind does, or if it is told so", function()
    local function after_plug(kind, announces)
      local mini2 = responders.new(world, bed.mini2, kind)
      bed.mini2.responder, said = mini2, {}
      bed.en0.is_up = false
      mini2:carrier_changed(bed.en0, announces)
      bed.en0.is_up = true
      mini2:carrier_changed(bed.en0, announces)
      bed:pass(20e3)
      assert.is_true(mini2:place(bed.en0).is_ready)
      return #said
    end
    assert.equal(0, after_plug("avahi"))
    assert.equal(6, after_plug("avahi", true))
    assert.equal(7, after_plug("apple"))
    assert.equal(0, after_plug("apple", false))
  end)

  describe("where another host has the name", function()
    local mini1

    before_each(function()
      bed.mini1.is_machine = false
      mini1 = responders.new(world, bed.mini1, "apple", { label = "mini2" })
      bed.mini1.responder = mini1
    end)

    for _, kind in ipairs { "avahi", "apple" } do
      it("takes another one and never announces the first: " .. kind, function()
        local mini2 = run(kind, bed.mini2, bed.en0)
        bed:pass(10e3)
        assert.same({ "mini2", "mini2-2" }, { mini1.claimed, mini2.claimed })
        local announced = false
        for _, one in ipairs(said) do
          assert.are_not.equal("mini2.local. 192.0.2.2 120", one.text)
          announced = announced or one.text:find("^mini2%-2%.local%. 192%.0%.2%.2 ") ~= nil
        end
        assert.is_true(announced, table.concat(texts(), "\n"))
      end)
    end

    it("wants its own name again after it was switched off", function()
      local mini2 = run("avahi", bed.mini2, bed.en0)
      bed:pass(10e3)
      mini1.records:rename("other")
      mini2:forget()
      assert.is_false(mini2.claimed)
      mini2:claim(bed.en0)
      bed:pass(10e3)
      assert.equal("mini2", mini2.claimed)
    end)

    it("counts on from a name with a number", function()
      mini1 = responders.new(world, bed.mini1, "apple", { label = "mini-9" })
      bed.mini1.responder = mini1
      local mini2 = run("avahi", bed.mini2, bed.en0, "mini-9")
      bed:pass(10e3)
      assert.equal("mini-10", mini2.claimed)
    end)

    it("settles who keeps it when two networks with the name come together", function()
      bed.eth0.link.groups = { mini1 = 1, mini2 = 2 }
      local mini2 = run("apple", bed.mini2, bed.en0)
      bed:pass(10e3)
      assert.same({ "mini2", "mini2" }, { mini1.claimed, mini2.claimed })
      bed.eth0.link.groups = false
      mini2:claim(bed.en0)
      bed:pass(10e3)
      local names = { mini1.claimed, mini2.claimed }
      table.sort(names)
      assert.same({ "mini2", "mini2-2" }, names)
    end)

    it("lets him with the later data win who probes at the same time", function()
      mini1 = run("avahi", bed.mini1, bed.eth0, "mini2")
      local mini2 = run("avahi", bed.mini2, bed.en0)
      bed:pass(10e3)
      assert.same({ "mini2-2", "mini2" }, { mini1.claimed, mini2.claimed })
    end)
  end)

  it("says goodbye with a time to live of nothing, to services with the last address", function()
    local mini2 = responders.new(world, bed.mini2, "avahi", {
      services = { { type = "_mlx._tcp", port = 1 } },
    })
    local counts = {}
    local note = world.net.on_packet
    function world.net.on_packet(host, link, to, data)
      counts[#counts + 1] = #core.wire.decode(data).answers
      note(host, link, to, data)
    end
    mini2:say_goodbye(bed.en0, { bed.en0.addresses[1] })
    mini2:say_goodbye(bed.en0, bed.en0.addresses)
    mini2:say_goodbye(bed.en0, {})
    assert.same({ "mini2.local. 192.0.2.2 0", "mini2.local. 192.0.2.2 0" }, texts())
    assert.same({ 1, 1, 5, 5 }, counts)
  end)
end)
