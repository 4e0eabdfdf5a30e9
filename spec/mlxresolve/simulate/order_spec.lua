local order = require("mlxresolve.simulate.order")

describe("mlxresolve.simulate.order", function()
  local function keys_of(values)
    return order.keep(function()
      local keys = {}
      for key, value in pairs(values) do
        assert.equal(values[key], value)
        keys[#keys + 1] = key
      end
      return keys
    end)
  end

  it("gives numbers and strings in their order, and other keys after them", function()
    local object = {}
    assert.same(
      { -1, 2, 10, "a", "b", "c", object },
      keys_of { c = 1, [10] = 1, a = 1, [2] = 1, [object] = 1, b = 1, [-1] = 1 }
    )
    assert.same({}, keys_of {})
    assert.same({ "x" }, keys_of { x = false })
  end)

  it("leaves out what is removed meanwhile", function()
    local seen = order.keep(function()
      local values, list = { a = 1, b = 2, c = 3 }, {}
      for key in pairs(values) do
        list[#list + 1] = key
        values.b = nil
      end
      return list
    end)
    assert.same({ "a", "c" }, seen)
  end)

  it("ends with what it is kept for, an error too", function()
    local before = pairs
    assert.has_error(function()
      order.keep(error, "no")
    end, "no")
    assert.equal(before, pairs)
  end)
end)
