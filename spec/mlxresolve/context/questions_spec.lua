local bed = require("support.bed")
local context_bed = require("support.context_bed")

describe("mlxresolve.context.questions", function()
  local inside = context_bed.inside

  it("asks one server and gives its answer or its failure", function()
    local got, b = inside(function(ctx, query)
      local answer = ctx:exchange("192.0.2.53", query)
      local _, message, code = ctx:exchange("192.0.2.99", query, { timeout = 50 })
      return answer:data()[1], message, code
    end, function(b)
      b.world.servers["192.0.2.53"] = bed.server({ ["a.example."] = "192.0.2.7" }).answer
    end)
    assert.same({ "192.0.2.7", "no answer from 192.0.2.99", "ETIMEOUT" }, got)
    assert.equal(2, #b.world.asked)
  end)

  it("looks names up natively", function()
    local got = inside(function(ctx)
      local addresses = ctx:native("a.example.", 4)
      local _, _, code = ctx:native("b.example.")
      return addresses[1], code
    end, function(b)
      b.world.names["a.example."] = { "192.0.2.8", "2001:db8::8" }
    end)
    assert.same({ "192.0.2.8", "ENOTFOUND" }, got)
  end)

  it("forgets a native name when the lookup has ended", function()
    local _, b = inside(function(ctx)
      ctx:native("a.example.", 4)
    end)
    assert.is_nil(next(b.resolver.native_names))
  end)

  it("looks into a doubt about a name", function()
    local b = bed.open { bed.strategy("none", function() end) }
    local ctx, got = b.resolver.chain.steps[1].instance.ctx, nil
    b.resolver.scheduler:spawn(function()
      got = { ctx:recheck("Other.example") }
    end)
    b.world:settle()
    assert.same({ "drop", "nobody knows it any more" }, got)
    assert.has_error(function()
      ctx:recheck("a..b")
    end, 'ctx:recheck: "a..b" is no name: name: cannot be read')
  end)

  it("makes questions of its own", function()
    local got, b = inside(function(ctx)
      local query = ctx:query("B.example", "PTR")
      ctx:exchange("192.0.2.53", query, { timeout = 10 })
      local ok, problem = pcall(ctx.query, ctx, "b.example", "PRT")
      return query.name, query.type, ok, problem
    end)
    assert.same({ "b.example.", "PTR", false }, { unpack(got, 1, 3) })
    assert.matches('expected a type such as "A", got PRT', got[4])
    assert.equal(12, b.world.asked[1].type)
  end)
end)
