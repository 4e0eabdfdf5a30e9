local core = require("mlxresolve.core")
local reach = require("mlxresolve.world.sim.reach")
local scenario = require("mlxresolve.simulate.scenario")
local scenes = require("mlxresolve.simulate.scene")
local schedulers = require("mlxresolve.scheduler")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.simulate.changes", function()
  local scene, world, mini2, events

  local function build(more, links, network)
    network = network or sim_bed.network
    network = links and network:gsub("links = { desk = {} },", links) or network
    local files = sim_bed.files(network .. (more or "") .. " timeline = {}")
    local checked, mistakes = scenario.load("s.lua", files)
    assert(checked, tostring(mistakes))
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

  it("pulls cables and puts them in; the host claims its name anew", function()
    build()
    scene:unplug { unplug = "mini2/eth0" }
    assert.equal("", hear(1000))
    scene:plug { plug = "mini2/eth0" }
    assert.equal("", hear(3000)) -- avahi does not notice
    scene:unplug { unplug = "mini2/eth0" }
    scene:plug { plug = "mini2/eth0", announce = true }
    assert.equal("qqqrrr", hear(6000))
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
    local step = { readdress = "mini2/eth0", to = { "192.0.2.3/24" }, announce = false }
    scene:readdress(step)
    assert.equal("", hear(6000))
    assert.is_true(scene.truth:holds("mini2.local.", "192.0.2.3"))
    assert.is_false(scene.truth:holds("mini2.local.", "192.0.2.2"))
    step.announce = true
    scene:readdress(step)
    assert.equal("qqqrrr", hear(6000))
    step.goodbye, step.to = true, { "192.0.2.4/24" }
    local said
    world.clock:after(0, function()
      scene:readdress(step)
    end)
    said = hear(6000)
    assert.equal("gqqqrrr", said)
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
    assert.equal("qqqrrr", hear(6000))
    assert.equal(2, #scene.truth:list("mini2.local."))
  end)

  it("lets hosts sleep, the machine among them", function()
    build()
    scene:sleep { sleep = "mini2" }
    assert.is_true(mini2.is_asleep)
    scene:wake { wake = "mini2", announce = true }
    assert.equal("qqqrrr", hear(6000))
    scene:sleep { sleep = "mini1" }
    pass(1000)
    scene:wake { wake = "mini1" }
    assert.same({ "resumed" }, events)
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

  it("breaks bridges and mends them", function()
    build([[ bridges = { uplink = { "desk", "rack" } }, ]], "links = { desk = {}, rack = {} },")
    local links = world.net.links
    assert.is_truthy(reach.way(links.desk, links.rack))
    scene:unplug { unplug = "uplink" }
    assert.is_nil(reach.way(links.desk, links.rack))
    scene:plug { plug = "uplink" }
    assert.is_truthy(reach.way(links.desk, links.rack))
  end)

  it("brings a tunnel and takes it away, with what it has", function()
    local network = sim_bed.network:gsub(
      "mini1 = { interfaces = {",
      [[mini1 = { interfaces = { tun0 = {
        link = "desk", kind = "tunnel", up = false, addresses = { "10.8.0.2/24" } },]]
    )
    build(nil, nil, network)
    assert.equal(2, #world:interfaces())
    assert.is_false(scene.truth:holds("mini1.local.", "10.8.0.2"))
    scene:plug { plug = "mini1/tun0" }
    assert.same({ "link_added", "address_added", "address_added" }, events)
    assert.is_true(scene.truth:holds("mini1.local.", "10.8.0.2"))
    scene:unplug { unplug = "mini1/tun0" }
    assert.equal("link_removed", events[#events])
    assert.is_false(scene.truth:holds("mini1.local.", "10.8.0.2"))
  end)

  it("sets the wall clock", function()
    build()
    local date = world:date()
    scene:set_clock { jump = 3600e3 }
    assert.equal(date + 3600, world:date())
    assert.same({ "clock_jumped" }, events)
  end)

  it("switches on a host that was off, which has to come by its name first", function()
    local network = sim_bed.network:gsub('responder = "avahi"', 'responder = "avahi", on = false')
    build(nil, nil, network)
    assert.same({}, scene.truth:list("mini2.local."))
    scene:on { on = "mini2" }
    pass(300)
    assert.is_false(scene.truth:ever_held("mini2.local.", "192.0.2.2"))
    pass(2000)
    assert.is_true(scene.truth:holds("mini2.local.", "192.0.2.2"))
  end)
end)
