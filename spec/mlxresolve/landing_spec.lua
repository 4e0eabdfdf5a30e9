local bed = require("support.bed")
local mlx = require("mlxresolve")
local replies = require("mlxresolve.replies")

describe("mlxresolve.landing", function()
  local strategy = bed.strategy

  it("remembers what it did for who asks later", function()
    local b = bed.open {
      strategy("one", function(query)
        return query:answer { a = "192.0.2.1" }
      end),
    }
    b:ask("a.example")
    local entry = b.resolver.flights.history[1]
    assert.equal("a.example.", entry.name)
    assert.equal("answer", entry.status)
    assert.equal("one", entry.trace:list()[1].strategy)
  end)

  it("fails those who wait when the task died", function()
    local b = bed.open {
      strategy("slow", function(_, ctx)
        ctx:sleep(60e3)
      end),
    }
    local code
    b.resolver:resolve("a.example", { type = "A" }, function(...)
      code = select(3, ...)
    end)
    b.world:advance(5)
    b.resolver.scheduler:cancel(b.resolver.flights:find("a.example.", 1).task)
    b.world:advance(5)
    assert.equal("ECANCELED", code)
    assert.equal(0, b.resolver.flights.count)
  end)

  describe("uses queries and answers again", function()
    --- Asks for some names as clients do; the query and the answer of each, with the names
    --- that they had then.
    local function ask_for(names, extra, fields)
      local seen = {}
      local spy = strategy("spy", function(query)
        local answer = query:answer { a = "192.0.2.1" }
        seen[#seen + 1] = { query = query, answer = answer, name = query.name }
        return answer
      end, extra)
      local b = bed.open({ spy }, fields)
      local function ignore() end
      b.resolver.front = { answer = ignore, refuse = ignore, flush = ignore }
      for slot, name in ipairs(names) do
        replies.question(b.resolver, slot, name, 1)
        b.world:settle()
      end
      return seen, b
    end

    local NAMES = { "a.example.", "b.example.", "c.example." }

    it("when all who had them forget them", function()
      local seen = ask_for(NAMES, { forgets = true })
      assert.equal(seen[1].query, seen[2].query)
      assert.equal(seen[1].answer, seen[3].answer)
    end)

    local function assert_kept(seen)
      assert.equal(#NAMES, #seen)
      for _, one in ipairs(seen) do
        assert.same({ one.name, one.name }, { one.query.name, one.answer.name })
        assert.is_string(one.answer.packet)
      end
    end

    it("never when a plugin may have kept them", function()
      assert_kept((ask_for(NAMES)))
    end)

    it("never when an observer is told of them later", function()
      local told = {}
      local observer = mlx.use {
        name = "later",
        answered = function(_, query, answer, ctx)
          ctx:sleep(5)
          told[#told + 1] = query.name .. answer.name
        end,
      }
      assert_kept((ask_for(NAMES, { forgets = true }, { observers = { observer } })))
      assert.same({ "a.example.a.example.", "b.example.b.example.", "c.example.c.example." }, told)
    end)

    it("never when a program waits for the same name", function()
      local b, seen
      seen, b = ask_for({}, { forgets = true })
      local result
      b.resolver:resolve("a.example", { type = "A" }, function(got)
        result = got
      end)
      replies.question(b.resolver, 1, "a.example.", 1)
      b.world:settle()
      replies.question(b.resolver, 2, "b.example.", 1)
      b.world:settle()
      assert.equal(2, #seen)
      assert.not_equal(seen[1].query, seen[2].query)
      assert.equal("192.0.2.1", result.addresses[1].address)
    end)
  end)
end)
