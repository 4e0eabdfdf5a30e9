local bed = require("support.bed")
local mlx = require("mlxresolve")
local network = require("mlxresolve.network")

describe("mlxresolve.network", function()
  it("sums up events as one change", function()
    local change = network.summarize {
      { type = "link_changed", interface = "eth0", index = 2, up = false },
      {
        type = "address_removed",
        interface = "eth0",
        index = 2,
        address = "192.0.2.1",
        prefix = 24,
      },
      { type = "address_added", interface = "wlan0", index = 3, address = "198.51.100.1" },
      { type = "link_added", interface = "wlan0", index = 3, up = true },
      { type = "route_removed", interface = "eth0", index = 2, gateway = "192.0.2.254" },
    }
    assert.same({ "eth0" }, change.lost)
    assert.same({ "wlan0" }, change.gained)
    assert.same({ "eth0", "wlan0" }, change.changed)
    assert.same({ { address = "198.51.100.1", interface = "wlan0" } }, change.added)
    assert.same({ { address = "192.0.2.1", interface = "eth0" } }, change.removed)
    assert.equal(2, change.indexes.eth0)
    assert.is_true(change.routes)
  end)

  it("says nothing of neighbours", function()
    assert.is_nil(
      network.summarize { { type = "neighbour_changed", interface = "eth0", index = 2 } }
    )
  end)

  it("tells reactions once about a burst", function()
    local changes = {}
    local b = bed.open({ bed.strategy("none", function() end) }, {
      reactions = {
        mlx.use {
          name = "watch",
          network_changed = function(_, change)
            changes[#changes + 1] = #change.events
          end,
        },
      },
    })
    for i = 1, 5 do
      b.world:network {
        { type = "address_added", interface = "eth0", index = 2, address = "192.0.2." .. i },
      }
    end
    b.world:settle()
    assert.same({ 5 }, changes)
  end)
end)
