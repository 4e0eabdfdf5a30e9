local pool = require("mlxresolve.pool")

describe("mlxresolve.pool", function()
  it("hands out what was given back, each once", function()
    local spare, a, b = pool.new(), {}, {}
    assert.is_nil(pool.take(spare))
    pool.give(spare, a)
    pool.give(spare, b)
    assert.equal(b, pool.take(spare))
    assert.equal(a, pool.take(spare))
    assert.is_nil(pool.take(spare))
  end)

  it("holds on to nothing that it has handed out", function()
    local spare = pool.new()
    local weak = setmetatable({}, { __mode = "v" })
    weak[1] = {}
    pool.give(spare, weak[1])
    pool.take(spare)
    collectgarbage()
    assert.is_nil(weak[1])
  end)

  it("keeps a bounded number", function()
    local spare = pool.new()
    for _ = 1, 5000 do
      pool.give(spare, {})
    end
    assert.equal(1024, spare.n)
    assert.is_nil(spare[1025])
  end)
end)
