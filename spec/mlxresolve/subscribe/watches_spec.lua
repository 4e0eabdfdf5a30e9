local bed = require("support.bed")

describe("mlxresolve.subscribe.watches", function()
  local b

  before_each(function()
    b = bed.open {
      bed.strategy("table", function(query)
        return query.type == "A" and query:answer({ "192.0.2.1" }, 60) or query:nodata(60)
      end),
    }
  end)

  local function watch(name, callback)
    return assert(b.resolver:watch(name, callback or function() end))
  end

  it("lists the names that are watched, and by how many", function()
    watch("b.test")
    local one, two = watch("a.test"), watch("a.test")
    b.world:advance(10)
    b.resolver.watches:health_changed("b.test.", "192.0.2.1", "suspect", "probe")
    assert.same({
      { name = "a.test.", watchers = 2, addresses = 1, suspect = 0 },
      { name = "b.test.", watchers = 1, addresses = 1, suspect = 1 },
    }, b.resolver.watches:list())
    assert.equal(3, b.resolver.watches.count)
    one:close()
    two:close()
    assert.is_false(b.resolver.watches:has("a.test."))
    assert.is_true(b.resolver.watches:has("b.test."))
    assert.equal(1, b.resolver.watches.count)
  end)

  it("let those who are told close each other", function()
    local told, handles = 0, {}
    for i = 1, 3 do
      handles[i] = watch("a.test", function(event)
        if event.kind == "suspect" then
          told = told + 1
          for _, handle in ipairs(handles) do
            handle:close()
          end
        end
      end)
    end
    b.world:advance(10)
    b.resolver.watches:health_changed("a.test.", "192.0.2.1", "suspect", "probe")
    assert.equal(1, told)
    assert.equal(0, b.resolver.watches.count)
  end)

  it("cost one question for many watchers of a name", function()
    for _ = 1, 20 do
      watch("a.test")
    end
    b.world:advance(10)
    assert.equal(2, b.resolver.flights.started)
  end)
end)
