local fake = require("support.fake")

local function failure(attempt, code)
  return { attempt = attempt, code = code or "ETIMEOUT", message = "", elapsed = 0 }
end

describe("plugins.backoff", function()
  it("waits longer each time, up to a limit", function()
    local backoff, context =
      fake.instance("backoff", '{ attempts = 9, first = "100ms", max = "500ms", jitter = 0 }')
    local pauses = {}
    for attempt = 1, 5 do
      pauses[attempt] = backoff:retry(failure(attempt), context)
    end
    assert.same({ 100, 200, 400, 500, 500 }, pauses)
  end)

  it("spreads the pauses by its jitter", function()
    local backoff, context = fake.instance("backoff", "{ first = 100, jitter = 0.2 }")
    context.chance = 0
    assert.equal(80, backoff:retry(failure(1), context))
    context.chance = 1
    assert.equal(120, backoff:retry(failure(1), context))
  end)

  it("gives up after its attempts", function()
    local backoff, context = fake.instance("backoff", "{ attempts = 3 }")
    assert.is_number(backoff:retry(failure(2), context))
    assert.is_nil(backoff:retry(failure(3), context))
  end)

  it("does not ask again what nobody knows, unless told to", function()
    local backoff, context = fake.instance("backoff")
    assert.is_nil(backoff:retry(failure(1, "ENOTFOUND"), context))
    assert.is_nil(backoff:retry(failure(1, "ELOOP"), context))
    assert.is_nil(backoff:retry(failure(1, "ECANCELED"), context))
    backoff, context = fake.instance("backoff", "{ not_found = true }")
    assert.is_number(backoff:retry(failure(1, "ENOTFOUND"), context))
  end)

  it("keeps to its budget a second", function()
    local backoff, context, world = fake.instance("backoff", "{ budget = 5 }")
    local function granted()
      local count = 0
      for _ = 1, 20 do
        count = count + (backoff:retry(failure(1), context) and 1 or 0)
      end
      return count
    end
    assert.equal(5, granted())
    world:advance(400)
    assert.equal(2, granted())
    world:advance(60000)
    assert.equal(5, granted())
  end)
end)
