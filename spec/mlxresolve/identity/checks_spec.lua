local checks = require("mlxresolve.identity.checks")

describe("mlxresolve.identity.checks", function()
  local function check(name, ok, message, code)
    return {
      name = name,
      identify = function()
        return ok, message, code
      end,
    }
  end

  it("goes by the one that confirms, whatever others cannot tell", function()
    local list = { check("a"), check("b", true), check("c", nil, "slow", "ETIMEOUT") }
    assert.same({ "for", "b" }, { checks.ask(list, "x.", "192.0.2.1") })
  end)

  it("goes by the one that knows somebody else, though another confirms", function()
    local list = { check("a", true), check("b", nil, "has another key", "EIDENTITY") }
    assert.same({ "against", "has another key" }, { checks.ask(list, "x.", "192.0.2.1") })
  end)

  it("says why nobody could tell", function()
    local list = { check("a"), check("b", nil, "slow", "ETIMEOUT") }
    assert.same({ "none", "slow" }, { checks.ask(list, "x.", "192.0.2.1") })
    assert.same({ "none", "no check could tell" }, { checks.ask({ check("a") }, "x.", "a") })
  end)

  it("meets a host by the first check that learns something of it", function()
    local learner = check("b")
    local list = { check("a"), learner, check("c") }
    function learner.learn(_, name, address)
      return name == "x." and address == "192.0.2.1"
    end
    assert.same({ "for", "b: met for the first time" }, { checks.meet(list, "x.", "192.0.2.1") })
    assert.is_nil((checks.meet(list, "x.", "192.0.2.2")))
  end)
end)
