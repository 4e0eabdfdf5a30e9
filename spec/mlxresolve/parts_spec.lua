local bed = require("support.bed")
local mlx = require("mlxresolve")
local parts = require("mlxresolve.parts")

describe("mlxresolve.parts", function()
  -- A strategy that answers with what its part says of ("a", "b").
  local function with_part(part, seen)
    return {
      name = "owner",
      options = { check = { "plugin", kind = "identify" } },
      check = part,
      resolve = function(self, query)
        seen.name = self.options.check.name
        seen.has_probe = self.options.check.probe ~= nil
        local ok, message, code = self.options.check:identify("a", "b")
        seen.result = { ok, message, code }
        return query:nodata(0)
      end,
    }
  end

  local function run(part)
    local seen = {}
    local b = bed.open { with_part(part, seen) }
    b:ask("x.example")
    return seen, b
  end

  it("lets a plugin call another that its options name", function()
    local got
    local seen = run(mlx.use {
      name = "checker",
      word = "yes",
      identify = function(self, name, address, ctx)
        ctx:sleep(5)
        got = { self.word, name, address }
        return true
      end,
    })
    assert.same({ "yes", "a", "b" }, got)
    assert.equal("checker", seen.name)
    assert.same({ true }, seen.result)
    assert.is_false(seen.has_probe)
  end)

  it("keeps an error in the other plugin to that plugin", function()
    local seen, b = run(mlx.use {
      name = "checker",
      identify = function()
        error("boom")
      end,
    })
    assert.equal("EPLUGIN", seen.result[3])
    assert.matches("^checker: error: .*boom", seen.result[2])
    assert.matches("error: plugin checker: .*boom", b.world.lines[1])
    assert.is_nil(b.world.lines[2])
  end)

  it("does not call one that keeps raising", function()
    local calls = 0
    local seen = {}
    local b = bed.open {
      with_part(
        mlx.use {
          name = "checker",
          identify = function()
            calls = calls + 1
            error("boom")
          end,
        },
        seen
      ),
    }
    for i = 1, 8 do
      b:ask(("n%d.example"):format(i))
    end
    assert.equal(5, calls)
    assert.matches("bypassed", seen.result[2])
  end)

  it("opens the other plugin once and closes it with the resolver", function()
    local opened, closed = 0, 0
    local _, b = run(mlx.use {
      name = "checker",
      open = function()
        opened = opened + 1
      end,
      close = function()
        closed = closed + 1
      end,
      identify = function()
        return true
      end,
    })
    assert.same({ 1, 0 }, { opened, closed })
    b.resolver:close()
    b.world:settle()
    assert.same({ 1, 1 }, { opened, closed })
  end)

  it("copies options that hold themselves", function()
    local own = { n = 1 }
    own.own = own
    local copy = parts.options({ own = own }, error)
    assert.equal(copy.own, copy.own.own)
    assert.not_equal(own, copy.own)
  end)

  it("puts handles into lists and maps, and leaves everything else alone", function()
    local object = setmetatable({}, {})
    local node = { kind = "use", plugin = {} }
    local made = { label = "x", plugin = {} }
    local copy = parts.options(
      { list = { node, "y" }, map = { a = node }, one = object, n = 5 },
      function()
        return made
      end
    )
    assert.equal("x", copy.list[1].name)
    assert.equal("y", copy.list[2])
    assert.equal("x", copy.map.a.name)
    assert.equal(object, copy.one)
    assert.equal(5, copy.n)
  end)
end)
