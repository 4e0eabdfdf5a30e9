local core = require("mlxresolve.core")
local scenario = require("mlxresolve.simulate.scenario")
local scenes = require("mlxresolve.simulate.scene")
local schedulers = require("mlxresolve.scheduler")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.simulate.scene", function()
  local scene, world, mini2, events

  local function build(more)
    local checked = assert(
      scenario.load("s.lua", sim_bed.files(sim_bed.network .. (more or "") .. " timeline = {}"))
    )
    scene = scenes.new(checked, 1)
    world = scene.world
    schedulers.new(world)
    mini2 = world.net.by_name.mini2
    events = {}
    world:watch_network(function(list)
      for _, event in ipairs(list) do
        events[#events + 1] = event.type
      end
    end)
  end

  local function pass(ms)
    world:run_until(world.clock.time + ms)
  end

  -- What mini2 multicasts over IPv4 within so many ms: "q" for probes, "r" for responses.
  local function hear(ms)
    local said = {}
    function world.net.on_packet(host, _, to, data)
      if host == mini2 and to == "224.0.0.251" then
        local message = core.wire.decode(data)
        local is_goodbye = message.answers[1] and message.answers[1].ttl == 0
        said[#said + 1] = is_goodbye and "g" or message.response and "r" or "q"
      end
    end
    pass(ms)
    return table.concat(said)
  end

  it("builds the network, the machine's files and what is true", function()
    build([[ servers = { "192.0.2.53" }, files = { ["/etc/hosts"] = "192.0.2.9 a" },
      true_names = { a = { "192.0.2.9" } }, native = { ["b.local"] = { "192.0.2.8" } }, ]])
    assert.equal("mini1", world:hostname())
    assert.equal("nameserver 192.0.2.53\n", world:read_file("/etc/resolv.conf"))
    assert.equal("192.0.2.9 a", world:read_file("/etc/hosts"))
    assert.same({ "192.0.2.2", "fe80::2:2" }, scene.truth:list("mini2.local."))
    assert.is_true(scene.truth:holds("mini2.", "192.0.2.2"))
    assert.is_true(scene.truth:holds("a.", "192.0.2.9"))
    assert.same({ "192.0.2.8" }, world.names["b.local."])
  end)

  it("pulls cables and puts them in; the host claims its name anew", function()
    build()
    scene:unplug { unplug = "mini2/eth0" }
    assert.equal("", hear(1000))
    scene:plug { plug = "mini2/eth0", announce = true }
    assert.equal("qqqrr", hear(3000))
    assert.same({}, events)
    scene:unplug { unplug = "mini1/eth0" }
    scene:unplug { unplug = "mini1/eth0" }
    scene:plug { plug = "mini1/eth0", announce = true }
    assert.same({ "link_changed", "link_changed" }, events)
  end)

  it("puts a cable into another link", function()
    build()
    world.net:add_link("other", {})
    scene:plug { plug = "mini1/eth0", link = "other", announce = true }
    assert.equal("other", world.me.interfaces[1].link.name)
    assert.same({ "link_changed", "link_changed" }, events)
  end)

  it("flaps", function()
    build()
    scene:flap { flap = "mini1/eth0", times = 3, every = 100, announce = true }
    pass(1000)
    assert.equal(6, #events)
    assert.is_true(world.me.interfaces[1].is_up)
  end)

  it("gives other addresses: announced, with a goodbye, or without a word", function()
    build()
    local step = { readdress = "mini2/eth0", to = { "192.0.2.3/24" } }
    scene:readdress(step)
    assert.equal("", hear(3000))
    assert.is_true(scene.truth:holds("mini2.local.", "192.0.2.3"))
    assert.is_false(scene.truth:holds("mini2.local.", "192.0.2.2"))
    step.announce = true
    scene:readdress(step)
    assert.equal("qqqrr", hear(3000))
    step.goodbye, step.to = true, { "192.0.2.4/24" }
    local said
    world.clock:after(0, function()
      scene:readdress(step)
    end)
    said = hear(3000)
    assert.equal("gqqqrr", said)
    scene:readdress { readdress = "mini1/eth0", to = { "192.0.2.11/24" }, gateway = "192.0.2.254" }
    assert.same({ "address_removed", "address_added", "route_added" }, events)
  end)

  it("switches hosts off and on, and their names with them", function()
    build()
    world.clock:after(0, function()
      scene:off { off = "mini2", goodbye = true }
    end)
    assert.equal("g", hear(1000))
    assert.same({}, scene.truth:list("mini2.local."))
    scene:on { on = "mini2", announce = true }
    assert.equal("qqqrr", hear(3000))
    assert.equal(2, #scene.truth:list("mini2.local."))
  end)

  it("lets hosts sleep, the machine among them", function()
    build()
    scene:sleep { sleep = "mini2" }
    assert.is_true(mini2.is_asleep)
    scene:wake { wake = "mini2", announce = true }
    assert.equal("qqqrr", hear(3000))
    scene:sleep { sleep = "mini1" }
    local now = world:now()
    pass(1000)
    scene:wake { wake = "mini1" }
    assert.equal(now, world:now())
  end)

  it("changes links, servers and files", function()
    build()
    local link = world.net.links.desk
    scene:change { change = "desk", loss = 0.5, isolated = true }
    assert.same({ 0.5, true, 0 }, { link.loss, link.isolated, link.duplicate })
    scene:partition { partition = "desk", groups = { { "mini1" }, { "mini2" } } }
    assert.same({ mini1 = 1, mini2 = 2 }, link.groups)
    scene:heal { heal = "desk" }
    assert.is_false(link.groups)
    scene:write { write = "/etc/hosts", text = "x" }
    assert.equal("x", world:read_file("/etc/hosts"))
  end)

  it("changes what a DNS server says and does", function()
    local network = sim_bed.network:gsub('responder = "avahi",', "dns = { ttl = 9 },")
    local checked = assert(scenario.load("s.lua", sim_bed.files(network .. " timeline = {}")))
    scene = scenes.new(checked, 1)
    scene:server { server = "mini2", mode = "stall", records = { ["a.example"] = { "192.0.2.7" } } }
    local server = scene.world.net.by_name.mini2.server
    assert.same({ "stall", 9 }, { server.mode, server.ttl })
    assert.is_true(scene.truth:holds("a.example.", "192.0.2.7"))
  end)
end)
