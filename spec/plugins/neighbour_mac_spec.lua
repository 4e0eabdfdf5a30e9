local identity_bed = require("support.identity_bed")
local lan = require("support.virtual_lan")
local mlx = require("mlxresolve")

describe("plugin neighbour_mac", function()
  local b

  before_each(function()
    b = identity_bed.open(mlx.use("neighbour_mac", {
      macs = {
        ["Mini2.local"] = "02-00-00-00-00-0A",
        ["mini3.local."] = { "02:00:00:00:00:0b", "02:00:00:00:00:0c" },
      },
    }))
    b.world.neighbour_table = {
      lan.neighbour(2, "10.0.0.5", "02:00:00:00:00:0a"),
      lan.neighbour(2, "10.0.0.6", "02:00:00:00:00:0c"),
    }
  end)

  it("confirms a host by the MAC of its name", function()
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
  end)

  it("confirms a host by one of several", function()
    assert.is_true(b:identify("mini3.local.", "10.0.0.6"))
  end)

  it("refuses a host with another MAC", function()
    local ok, message, code = b:identify("mini2.local.", "10.0.0.6")
    assert.is_nil(ok)
    assert.equal("has the MAC 02:00:00:00:00:0c, not that of mini2.local.", message)
    assert.equal("EIDENTITY", code)
  end)

  it("cannot tell about a host that is no neighbour, or a name that it was not told", function()
    assert.same({}, { b:identify("mini2.local.", "10.0.0.7") })
    assert.same({}, { b:identify("mini9.local.", "10.0.0.5") })
  end)

  it("says which names it could confirm", function()
    assert.is_true(b:knows("mini2.local."))
    assert.is_false(b:knows("mini9.local."))
  end)

  it("remembers the MAC that a host had when it was first met", function()
    b = identity_bed.open(mlx.use("neighbour_mac", { first_use = true }))
    b.world.neighbour_table = {
      lan.neighbour(2, "10.0.0.5", "02:00:00:00:00:0a"),
      lan.neighbour(2, "10.0.0.6", "02:00:00:00:00:0c"),
    }
    assert.is_false(b:knows("mini2.local."))
    assert.is_nil((b:learn("mini2.local.", "10.0.0.7")))
    assert.is_true(b:learn("mini2.local.", "10.0.0.5"))
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    assert.equal("EIDENTITY", select(3, b:identify("mini2.local.", "10.0.0.6")))
  end)
end)
