local json = require("mlxresolve.json")
local result = require("mlxresolve.control.result")

local ASKED = { name = "a.", types = { "A", "AAAA" } }

describe("mlxresolve.control.result", function()
  it("describes an answer with all that scripts rely on", function()
    local text = json.encode(result.describe(ASKED, {
      name = "a.",
      status = "answer",
      addresses = {
        { address = "192.0.2.1", family = "ipv4", interface = false, ttl = 60, strategy = "dns" },
      },
      records = {},
      ms = 1.23456,
      cached = false,
      stale = false,
      suspect = false,
      trace = { {} },
    }))
    assert.are.equal(
      '{"name":"a.","type":"A+AAAA","status":"answer","addresses":[{"address":"192.0.2.1",'
        .. '"family":"ipv4","interface":null,"ttl":60,"strategy":"dns"}],"records":[],"ms":1.235,'
        .. '"cached":false,"stale":false,"suspect":false}',
      text
    )
  end)

  it("has the same fields for a failure, and its reason", function()
    local shown = result.describe(ASKED, nil, "nobody answered", "ETIMEOUT")
    assert.are.same({
      name = "a.",
      type = "A+AAAA",
      status = "timeout",
      addresses = {},
      records = {},
      ms = 0,
      cached = false,
      stale = false,
      suspect = false,
      error = "nobody answered",
      code = "ETIMEOUT",
    }, shown)
    assert.are.equal("nxdomain", result.describe(ASKED, nil, "x", "ENOTFOUND").status)
    assert.are.equal("error", result.describe(ASKED, nil, "x", "EFAILED").status)
    assert.are.equal("error", result.describe(ASKED).status)
  end)

  it("shows the tries when asked, of failures too", function()
    local asked = { name = "a.", types = { "A" }, trace = true }
    local try = { strategy = "mdns", result = "timeout", ms = 800.00049, detail = false }
    local shown = result.describe(asked, nil, "x", "ETIMEOUT", { ms = 801, trace = { try } })
    assert.are.equal(801, shown.ms)
    assert.are.same(
      { { strategy = "mdns", result = "timeout", ms = 800, detail = false } },
      shown.trace
    )
  end)

  it("has a strategy in every try, also in one of which it is not known", function()
    local asked = { name = "a.", types = { "A" }, trace = true }
    local try = { type = "A", result = "failed", ms = 0, detail = "not long ago: x" }
    local shown = result.describe(asked, nil, "x", "EFAILED", { ms = 0, trace = { try } })
    assert.is_truthy(json.encode(shown.trace[1]):find('"strategy":null', 1, true))
  end)

  it("tells scripts by the exit code", function()
    local codes = { answer = 0, nxdomain = 2, nodata = 2, timeout = 3, error = 3 }
    for status, code in pairs(codes) do
      assert.are.equal(code, result.exit_code(status))
    end
  end)
end)
