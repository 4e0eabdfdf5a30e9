local poison = require("mlxresolve.policy.poison")

describe("mlxresolve.policy.poison", function()
  it("can be used like anything, and stays what it is", function()
    local p = poison.value
    assert.is_true(poison.is(p.a.b.c))
    assert.is_true(poison.is(p("x").y))
    assert.is_true(poison.is(p .. "x"))
    assert.is_true(poison.is(1 + p))
    assert.is_true(poison.is(-p))
    assert.is_false(p < p)
    p.x = 1
    assert.is_true(poison.is(p.x))
  end)

  it("is nothing else", function()
    assert.is_false(poison.is(nil))
    assert.is_false(poison.is {})
  end)
end)
