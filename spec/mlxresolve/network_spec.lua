local network = require("mlxresolve.network")
local schedulers = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.network", function()
  local world, told, at_once, watch

  local function open(options)
    world = virtual.new()
    world.links = {
      {
        index = 2,
        name = "eth0",
        up = true,
        addresses = { { address = "192.0.2.1", prefix = 24 } },
      },
    }
    told, at_once = {}, {}
    watch = network.watch({ world = world, scheduler = schedulers.new(world) }, {
      at_once = function(events, restless)
        at_once[#at_once + 1] = { events = #events, restless = restless, at = world:now() }
      end,
      settled = function(change)
        change.at = world:now() - 1000
        told[#told + 1] = change
      end,
    }, options)
  end

  local function link(up, fields)
    local event = { type = "link_changed", interface = "eth0", index = 2, up = up }
    for key, value in pairs(fields or {}) do
      event[key] = value
    end
    if event.index == 2 then
      world.links[1].up = up
    end
    world:network { event }
  end

  local function flap(times, ms)
    for _ = 1, times do
      link(false)
      world:advance(ms / 2)
      link(true)
      world:advance(ms / 2)
    end
  end

  before_each(function()
    open()
  end)

  it("sums up events as one change", function()
    local change = network.summarize {
      { type = "link_changed", interface = "eth0", index = 2, up = false },
    }
    assert.same({ "eth0" }, change.lost)
  end)

  it(
    "tells at once what cannot wait, and the whole when it has been quiet for half a second",
    function()
      link(false)
      assert.equal(1, #at_once)
      world:advance(300)
      world:network {
        { type = "address_added", index = 3, interface = "wlan0", address = "10.0.0.1" },
      }
      assert.equal(2, #at_once)
      world:advance(499)
      assert.equal(0, #told)
      world:advance(1)
      assert.equal(1, #told)
      assert.equal(2, #told[1].events)
      assert.same({ "eth0" }, told[1].lost)
    end
  )

  it("waits two seconds at most", function()
    for i = 1, 20 do
      world:network {
        { type = "address_added", index = 2, interface = "eth0", address = "::" .. i },
      }
      world:advance(200)
    end
    assert.equal(2000, told[1].at)
  end)

  it("tells of a link that flaps once, when it rests", function()
    flap(100, 100)
    assert.equal(0, #told)
    world:advance(20e3)
    assert.equal(1, #told)
    assert.same({ "eth0" }, told[1].flapping)
    assert.is_true(#told[1].events <= 64)
    assert.is_true(told[1].at < 11e3, told[1].at)
    assert.equal(200, watch.counts.events)
    assert.equal(200, watch.counts.damped)
  end)

  it("does not lose a wake, a jump of the clock or a loss in the middle of a storm", function()
    local function storm()
      for i = 1, 100 do
        world:network {
          { type = "address_added", index = 2, interface = "eth0", address = "::" .. i },
        }
      end
    end
    storm()
    world:network { { type = "resumed", slept = 60e3 }, { type = "clock_jumped", by = 5000 } }
    world:network { { type = "resumed", slept = 60e3 } }
    link(false, { index = 3, interface = "wlan0" })
    world:network { { type = "route_added", index = 2, interface = "eth0" } }
    storm()
    world:advance(600)
    assert.same({ 120e3, 5000 }, { told[1].resumed, told[1].clock_jumped })
    assert.same({ { "wlan0" }, true }, { told[1].lost, told[1].routes })
    assert.is_true(#told[1].events < 80)
    assert.equal("::100", told[1].events[#told[1].events].address)
  end)

  it("tells of the loss of each of many interfaces", function()
    for index = 3, 202 do
      link(false, { index = index, interface = "veth" .. index })
    end
    world:advance(600)
    assert.equal(200, #told[1].lost)
  end)

  it("tells of one that flaps slowly every five seconds", function()
    flap(15, 2000)
    world:advance(20e3)
    assert.is_true(#told >= 5 and #told <= 8, #told)
    for i = 3, #told do
      assert.is_true(told[i].at - told[i - 1].at >= 5000, told[i].at)
    end
  end)

  it("tells of one that never rests every half a minute", function()
    flap(700, 100)
    assert.equal(2, #told)
  end)

  it("says whose link comes and goes, for as long as that is not told of", function()
    link(false)
    assert.is_nil(at_once[1].restless)
    link(true)
    link(false)
    assert.same({ [2] = true }, at_once[3].restless)
    world:advance(600)
    assert.is_nil(at_once[#at_once].restless)
  end)

  it("does not keep others waiting for one that flaps", function()
    for _ = 1, 30 do
      flap(1, 100)
      if #told == 0 and world:now() >= 2000 and world:now() < 2100 then
        link(true, { index = 3, interface = "wlan0" })
      end
    end
    assert.equal(1, #told)
    assert.same({ "wlan0" }, told[1].gained)
    assert.same({}, told[1].lost)
  end)

  it("goes by the times that it is given", function()
    open { settle = 50, flapping = 1000 }
    link(false)
    world:advance(50)
    assert.equal(1, #told)
  end)

  it("goes by other times when it is told to", function()
    watch:configure { settle = 50, ignore = { "x*" } }
    link(false)
    link(true, { index = 3, interface = "x0" })
    world:advance(50)
    assert.equal(1, #told[1].events)
  end)

  it("tells nobody of interfaces that are ignored", function()
    open { ignore = { "veth*", "10.0.0.0/8" } }
    link(true, { index = 7, interface = "veth12" })
    world:network {
      { type = "address_added", index = 8, interface = "x0", address = "10.1.2.3" },
    }
    world:advance(3000)
    assert.equal(0, #told)
    assert.equal(2, #at_once)
    assert.equal(2, watch.counts.ignored)
    link(false)
    world:advance(600)
    assert.equal(1, #told[1].events)
  end)

  it("minds default routes over interfaces that are ignored", function()
    open { ignore = { "veth*" } }
    world:network {
      { type = "route_added", index = 7, interface = "veth12", gateway = "10.0.0.1" },
    }
    world:advance(600)
    assert.is_true(told[1].routes)
  end)

  describe("of neighbours", function()
    local function meet(address, mac)
      world:network {
        { type = "neighbour_changed", index = 2, interface = "eth0", address = address, mac = mac },
      }
      world.neighbour_table = { { address = address, index = 2, mac = mac } }
      world:advance(600)
    end

    before_each(function()
      world.links[1].gateways = { "192.0.2.254" }
      open()
      world.links[1].gateways = { "192.0.2.254" }
      link(true)
      world:advance(600)
      told = {}
    end)

    it("says nothing, unless another one has the gateway's address", function()
      meet("192.0.2.7", "02:00:00:00:00:07")
      meet("192.0.2.7", "02:00:00:00:00:08")
      meet("192.0.2.254", "02:00:00:00:00:01")
      meet("192.0.2.254", "02:00:00:00:00:01")
      assert.equal(0, #told)
      meet("192.0.2.254", "02:00:00:00:00:02")
      assert.equal("another gateway behind eth0", told[1].everything)
      meet("192.0.2.254", "02:00:00:00:00:02")
      assert.equal(1, #told)
    end)
  end)

  it("tells nothing after it was closed", function()
    link(false)
    watch:close()
    world:advance(1000)
    link(true)
    world:advance(1000)
    assert.equal(0, #told)
    assert.equal(1, #at_once)
  end)
end)
