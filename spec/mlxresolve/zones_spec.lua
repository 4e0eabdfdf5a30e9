local zones = require("mlxresolve.zones")

describe("mlxresolve.zones", function()
  local set = zones.new { "local.", "lab.example.", "rack.example.", "254.169.in-addr.arpa." }

  it("holds its zones and what is below them", function()
    for _, name in ipairs {
      "local.",
      "mini2.local.",
      "a.b.local.",
      "lab.example.",
      "x.rack.example.",
      "1.1.254.169.in-addr.arpa.",
    } do
      assert.is_true(zones.hold(set, name), name)
    end
  end)

  it("holds no other names, however they end", function()
    for _, name in ipairs {
      "mini2.notlocal.",
      "vocal.",
      "l.",
      ".",
      "example.",
      "alab.example.",
      "lab.example.org.",
      "169.in-addr.arpa.",
      "local.x.",
    } do
      assert.is_false(zones.hold(set, name), name)
    end
  end)

  it("holds every name with the root among its zones", function()
    local all = zones.new { "local.", "." }
    for _, name in ipairs { ".", "com.", "mini2.local.", "a.b.c.d." } do
      assert.is_true(zones.hold(all, name), name)
    end
  end)

  it("holds nothing when it is empty", function()
    assert.is_false(zones.hold(zones.new {}, "mini2.local."))
    assert.is_false(zones.hold(zones.new {}, "."))
  end)
end)
