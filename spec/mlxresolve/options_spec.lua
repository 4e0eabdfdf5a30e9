local options = require("mlxresolve.options")

local function texts(mistakes)
  local list = {}
  for i, mistake in ipairs(mistakes) do
    list[i] = mistake.text
  end
  return list
end

local function check(schema, values, hooks)
  local checked, mistakes = options.check(schema, values, hooks)
  return checked, texts(mistakes)
end

describe("mlxresolve.options", function()
  it("turns values into what a plugin works with", function()
    local checked, mistakes = check({
      wait = "duration",
      keep = "ttl",
      room = "size",
      server = { "endpoint", port = 53 },
      from = "address",
      zone = "zone",
      kind = "type",
      net = "network",
    }, {
      wait = "2s",
      keep = "1h",
      room = "1KiB",
      server = "192.0.2.1",
      from = "192.0.2.2",
      zone = "Cluster.Example",
      kind = "aaaa",
      net = "192.0.2.0/24",
    })
    assert.same({}, mistakes)
    assert.same({
      wait = 2000,
      keep = 3600,
      room = 1024,
      server = "192.0.2.1:53",
      from = "192.0.2.2",
      zone = "cluster.example.",
      kind = "AAAA",
      net = "192.0.2.0/24",
    }, checked)
  end)

  it("fills in defaults, read like values", function()
    local checked = check({
      wait = { "duration", default = "5m" },
      list = { "list", of = "zone", default = { "local" } },
      off = { "duration", default = false },
      none = "string",
    }, {})
    assert.same({ wait = 300000, list = { "local." }, off = false }, checked)
  end)

  it("tells what was expected and what came", function()
    local _, mistakes = check({ wait = "duration" }, { wait = "2 sec" })
    assert.same(
      { "'wait' must be a duration such as '800ms', '2s' or '5m', got '2 sec'" },
      mistakes
    )
  end)

  it("finds all mistakes of a table", function()
    local schema = { a = "integer", b = "boolean", c = { "string", required = true } }
    local _, mistakes = check(schema, { a = 1.5, b = 1, d = true })
    table.sort(mistakes)
    assert.same({
      "'a' must be a whole number, got 1.5",
      "'b' must be true or false, got 1",
      "'c' is missing: a string",
      "unknown option 'd'",
    }, mistakes)
  end)

  it("suggests the option that was meant", function()
    local _, mistakes = check({ timeout = "duration" }, { tiemout = "1s" })
    assert.same({ "unknown option 'tiemout' (did you mean 'timeout'?)" }, mistakes)
  end)

  it("says which key of which table is wrong", function()
    local inner = { "192.0.2.1", "x" }
    local _, mistakes = options.check({ all = { "list", of = "address" } }, { all = inner })
    assert.equal(inner, mistakes[1].container)
    assert.equal(2, mistakes[1].key)
    assert.equal("value", mistakes[1].about)
  end)

  it("wants a list where one is needed", function()
    local schema = { zones = { "list", of = "zone", min = 1 } }
    local _, mistakes = check(schema, { zones = "local" })
    assert.same({ "'zones' must be a list such as { 'local' }, got 'local'" }, mistakes)
    _, mistakes = check(schema, { zones = { a = "local" } })
    assert.same({ "'zones' must be a list, without names in it" }, mistakes)
    _, mistakes = check(schema, { zones = {} })
    assert.same({ "'zones' must not be empty" }, mistakes)
  end)

  it("wants a value where one is needed", function()
    local _, mistakes = check({ from = "address" }, { from = { "192.0.2.1" } })
    assert.matches("got a list$", mistakes[1])
  end)

  it("wants no more entries than there is room for", function()
    local schema = { all = { "list", of = "integer", max = 2 } }
    local checked, mistakes = check(schema, { all = { 1, 2 } })
    assert.same({ {}, { all = { 1, 2 } } }, { mistakes, checked })
    mistakes = select(2, check(schema, { all = { 1, 2, 3 } }))
    assert.same({ "'all' must have at most 2 entries, got 3" }, mistakes)
  end)

  it("does not run far for a list with a far index", function()
    local _, mistakes = check({ all = { "list", of = "string" } }, { all = { [2 ^ 40] = "x" } })
    assert.equal(1, #mistakes)
  end)

  it("keeps to bounds, given in the unit of the option", function()
    local schema = { wait = { "duration", min = "10ms", max = "1m" } }
    local _, mistakes = check(schema, { wait = "1ms" })
    assert.same({ "'wait' must be at least '10ms'" }, mistakes)
    _, mistakes = check(schema, { wait = "1h" })
    assert.same({ "'wait' must be at most '1m'" }, mistakes)
    _, mistakes = check(schema, { wait = "1m" })
    assert.same({}, mistakes)
  end)

  it("suggests the value of an enum", function()
    local schema = { answer = { "enum", values = { "nxdomain", "nodata" } } }
    local _, mistakes = check(schema, { answer = "nxdomian" })
    assert.same({
      "'answer' must be 'nxdomain' or 'nodata', got 'nxdomian' (did you mean 'nxdomain'?)",
    }, mistakes)
  end)

  it("takes the first alternative that fits", function()
    local schema =
      { to = { "choice", of = { { "enum", values = { "system" } }, { "list", of = "address" } } } }
    assert.same({ to = "system" }, (check(schema, { to = "system" })))
    assert.same({ to = { "192.0.2.1" } }, (check(schema, { to = { "192.0.2.1" } })))
    local _, mistakes = check(schema, { to = "other" })
    assert.same({
      "'to' must be 'system' or a list such as { '192.0.2.1' }, got 'other'",
    }, mistakes)
  end)

  it("reports the mistake inside the alternative that was meant", function()
    local schema =
      { to = { "choice", of = { { "enum", values = { "system" } }, { "list", of = "address" } } } }
    local _, mistakes = check(schema, { to = { "192.0.2.300" } })
    assert.matches("^each of 'to' must be an IP address", mistakes[1])
  end)

  it("checks tables by names and records", function()
    local schema = {
      map = { "map", of = "integer" },
      record = { "record", fields = { ttl = { "ttl", default = "1s" } } },
    }
    local checked = check(schema, { map = { a = 1 }, record = {} })
    assert.same({ map = { a = 1 }, record = { ttl = 1 } }, checked)
    local _, mistakes = check(schema, { map = { "x" }, record = { tll = 1 } })
    table.sort(mistakes)
    assert.same({
      "'map' must be a table by names: write name = …",
      "unknown option 'tll' (did you mean 'ttl'?)",
    }, mistakes)
  end)

  it("is silent about values that an earlier mistake left unknown", function()
    local unknown = {}
    local hooks = {
      is_unknown = function(value)
        return value == unknown
      end,
    }
    local _, mistakes = check({ a = { "integer", required = true } }, { a = unknown }, hooks)
    assert.same({}, mistakes)
  end)

  it("leaves out list entries that a condition switched off", function()
    local hooks = {
      node = function(value)
        return value
      end,
    }
    local schema = { all = { "list", of = { "plugin", kind = "resolve" } } }
    local checked = check(schema, { all = { "a", false, nil, "b" } }, hooks)
    assert.same({ all = { "a", "b" } }, checked)
  end)

  it("lets no name of a map pass that can be no name, such as a pin's", function()
    local schema = { pins = { "map", keys = "zone", of = "integer" } }
    assert.same(
      { pins = { ["mini2.local."] = 1 } },
      (check(schema, { pins = { ["Mini2.local"] = 1 } }))
    )
    local _, mistakes = check(schema, { pins = { ["a..b"] = 1 } })
    assert.equal(
      "each name of 'pins' must be a zone such as 'local' or 'cluster.example', got 'a..b'",
      mistakes[1]
    )
    _, mistakes = check(schema, { pins = { ["a.b"] = 1, ["A.b."] = 2 } })
    assert.equal("'pins' has 'a.b.' twice", mistakes[1])
  end)
end)
