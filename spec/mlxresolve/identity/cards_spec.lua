local cards = require("mlxresolve.identity.cards")
local schedulers = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.identity.cards", function()
  local world, moved

  before_each(function()
    world, moved = virtual.new(), {}
    schedulers.new(world)
    cards.watch {
      runtime = { world = world },
      moved = function(_, address)
        moved[#moved + 1] = address
      end,
    }
  end)

  local function meet(address, mac)
    world:network {
      { type = "neighbour_changed", index = 2, interface = "eth0", address = address, mac = mac },
    }
  end

  it("tells of an address that turns up behind another card", function()
    meet("192.0.2.1", "02:00:00:00:00:01")
    meet("fe80::1%eth0", "02:00:00:00:00:01")
    meet("192.0.2.1", "02:00:00:00:00:02")
    meet("fe80::1%eth0", "02:00:00:00:00:02")
    assert.same({ "192.0.2.1", "fe80::1" }, moved)
  end)

  it("says nothing of what it meets for the first time, again, or without a card", function()
    meet("192.0.2.1", "02:00:00:00:00:01")
    meet("192.0.2.1", false)
    meet("192.0.2.1", "02:00:00:00:00:01")
    meet("192.0.2.2", "02:00:00:00:00:02")
    world:network { { type = "link_changed", index = 2, interface = "eth0", up = true } }
    assert.same({}, moved)
  end)

  it("begins anew after very many addresses", function()
    meet("192.0.2.1", "02:00:00:00:00:01")
    for i = 1, 1024 do
      meet("2001:db8::" .. i, "02:00:00:00:00:03")
    end
    meet("192.0.2.1", "02:00:00:00:00:02")
    assert.same({}, moved)
  end)
end)
