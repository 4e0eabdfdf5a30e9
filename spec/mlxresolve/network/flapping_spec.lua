local flapping = require("mlxresolve.network.flapping")

describe("mlxresolve.network.flapping", function()
  it(
    "begins with the second loss within five seconds, and ends five seconds after the last",
    function()
      local flaps = flapping.new()
      flaps:lost(2, 0)
      assert.is_false(flaps:is(2, 0))
      flaps:lost(2, 4999)
      assert.is_true(flaps:is(2, 4999))
      flaps:lost(2, 9000)
      assert.is_true(flaps:is(2, 13999))
      assert.is_false(flaps:is(2, 14000))
    end
  )

  it("is not what is lost now and then", function()
    local flaps = flapping.new()
    for i = 0, 9 do
      flaps:lost(2, i * 5000)
      assert.is_false(flaps:is(2, i * 5000))
    end
  end)

  it("is each interface's own matter", function()
    local flaps = flapping.new(1000)
    flaps:lost(2, 0)
    flaps:lost(3, 10)
    assert.is_false(flaps:is(2, 10))
    assert.is_false(flaps:is(3, 10))
    assert.is_false(flaps:is(4, 10))
  end)
end)
