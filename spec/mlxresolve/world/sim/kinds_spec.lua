local kinds = require("mlxresolve.world.sim.kinds")

describe("mlxresolve.world.sim.kinds", function()
  it("says the same things of both", function()
    for name in pairs(kinds.avahi) do
      assert.equal(type(kinds.avahi[name]), type(kinds.apple[name]), name)
    end
    for name in pairs(kinds.apple) do
      assert.is_not_nil(kinds.avahi[name], name)
    end
  end)

  it("gives both at least the two announcements of the RFC", function()
    for _, kind in pairs(kinds) do
      assert.is_true(#kind.announce_gaps >= 1)
    end
  end)
end)
