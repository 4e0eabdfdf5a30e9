local control_bed = require("support.control_bed")

describe("mlxresolve.control.pin_routes", function()
  local resolver, ask, forgotten

  before_each(function()
    local _
    _, resolver, _, ask = control_bed.new()
    local function lister(value)
      return {
        list = function()
          return { value }
        end,
      }
    end
    resolver.remembered = lister { name = "mini2.local." }
    resolver.identity = lister { outcome = "for" }
    function resolver.forget_pins(_, name)
      forgotten = name or "all"
      return 2
    end
  end)

  it("tells whom names belong to, and what was proved", function()
    local reply = ask("GET", "/v1/pins")
    assert.are.same({
      remembered = { { name = "mini2.local." } },
      proofs = { { outcome = "for" } },
    }, reply.value)
  end)

  it("forgets a name, or all", function()
    assert.are.same(
      { forgotten = 2 },
      ask("POST", "/v1/pins/forget", '{"name":"Mini2.local"}').value
    )
    assert.are.equal("mini2.local.", forgotten)
    ask("POST", "/v1/pins/forget", "")
    assert.are.equal("all", forgotten)
  end)

  it("refuses what is no name, and what it does not know", function()
    local refused = control_bed.assert_refused
    local text = "'a..b' is no host name"
    refused(ask("POST", "/v1/pins/forget", '{"name":"a..b"}'), 400, "ETEXT", text)
    refused(ask("GET", "/v1/pins?x=1"), 400, "EINVAL", "unknown parameter 'x'")
    refused(ask("POST", "/v1/pins/forget", '{"nam":"a"}'), 400, "EINVAL", "nam")
  end)
end)
