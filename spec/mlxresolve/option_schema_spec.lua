local option_schema = require("mlxresolve.option_schema")

local function why(schema)
  local is_good, message = option_schema.check(schema)
  assert.is_nil(is_good)
  return message
end

describe("mlxresolve.option_schema", function()
  it("accepts what the option types know", function()
    assert.is_true(option_schema.check {
      a = "duration",
      b = { "list", of = { "endpoint", port = 53 }, required = true },
      c = { "choice", of = { "boolean", { "record", fields = { ttl = "ttl" } } }, default = true },
      d = { "plugin", kind = "identify" },
      e = { "map", of = "zone" },
    })
  end)

  it("refuses an unknown type and suggests the one that was meant", function()
    local message = why { wait = { "duratoin" } }
    assert.equal(
      "option 'wait': unknown option type 'duratoin' (did you mean 'duration'?)",
      message
    )
    assert.equal(
      'option \'wait\': expected a type, as "integer" or { "integer", default = 9 }, got a table',
      why { wait = { type = "duration" } }
    )
    assert.matches("expected a type, .* got nil", why { all = { "list" } })
    assert.matches("expected a type, .* got 5", why { all = 5 })
  end)

  it("refuses a default that does not fit", function()
    assert.matches(
      "^default of option 'wait' must be a duration",
      why {
        wait = { "duration", default = "soon" },
      }
    )
  end)

  it("refuses incomplete specifications", function()
    assert.matches("an enum needs `values`", why { a = { "enum" } })
    assert.matches("a plugin needs `kind`", why { a = { "plugin" } })
    assert.matches("must list specifications", why { a = { "choice" } })
    assert.matches("no table", why("x"))
  end)

  it("describes options for people, sorted by name", function()
    local list = option_schema.describe {
      wait = { "duration", default = "2s", doc = "how long" },
      all = { "list", of = { "enum", values = { "x", "y" } }, default = { "x" } },
      from = { "choice", of = { "address", "off" }, required = true },
    }
    assert.same({
      {
        name = "all",
        type = "list of one of x, y",
        default = '{ "x" }',
        required = false,
        doc = "",
      },
      { name = "from", type = "address or off", required = true, doc = "" },
      { name = "wait", type = "duration", default = '"2s"', required = false, doc = "how long" },
    }, list)
  end)
end)
