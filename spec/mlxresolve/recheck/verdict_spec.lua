local verdict = require("mlxresolve.recheck.verdict")

describe("mlxresolve.recheck.verdict", function()
  local BOTH = { ["192.0.2.1"] = "ipv4", ["2001:db8::1"] = "ipv6" }

  local function found(addresses, fields)
    local all = { addresses = {}, failed = {}, strategy = "dns" }
    for _, address in ipairs(addresses) do
      all.addresses[address] = true
    end
    for key, value in pairs(fields or {}) do
      all[key] = value
    end
    return all
  end

  local function judge(...)
    return { verdict.judge("a.", ...) }
  end

  it("keeps what all is said again, and names who says it", function()
    local all = found { "192.0.2.1", "2001:db8::1", "192.0.2.9" }
    assert.same({ "keep", "dns says it again" }, judge(BOTH, all, {}, false))
    assert.same({ "keep", "its host says it again" }, judge(BOTH, all, {}, true))
  end)

  it("moves when something else is said in place of what is not", function()
    assert.same(
      { "move", "now at 192.0.2.2, 192.0.2.9" },
      judge({ ["192.0.2.1"] = "ipv4" }, found { "192.0.2.9", "192.0.2.2" }, {}, true)
    )
    assert.equal("move", judge(BOTH, found { "192.0.2.1" }, {}, true)[1])
  end)

  it("drops what nobody says, and tells silence from ignorance", function()
    assert.same({ "drop", "its host is silent" }, judge(BOTH, found {}, {}, "silence"))
    assert.same({ "drop", "nobody knows it any more" }, judge(BOTH, found {}, {}, false))
  end)

  it("keeps what answers though nobody says it", function()
    assert.same(
      { "keep", "192.0.2.1 answers, though nobody says it" },
      judge(BOTH, found {}, { ["192.0.2.1"] = true, ["2001:db8::1"] = "refused" }, "silence")
    )
    assert.equal("drop", judge(BOTH, found {}, { ["192.0.2.1"] = "refused" }, false)[1])
  end)

  it(
    "believes a new address rather than the old one that answers: another host may have it",
    function()
      local one = { ["192.0.2.1"] = "ipv4" }
      assert.equal("move", judge(one, found { "192.0.2.9" }, { ["192.0.2.1"] = true }, true)[1])
    end
  )

  it("says nothing where a family could not be asked", function()
    local half = found({ "192.0.2.1" }, { failed = { ipv6 = true }, message = "timed out" })
    assert.same({ nil, "a.: nobody could be asked: timed out" }, judge(BOTH, half, {}, false))
    assert.equal("keep", judge({ ["192.0.2.1"] = "ipv4" }, half, {}, false)[1])
  end)

  it("has nothing to keep of a name without addresses", function()
    assert.equal("drop", judge({}, found {}, {}, false)[1])
    assert.equal("keep", judge({}, found { "192.0.2.1" }, {}, false)[1])
  end)
end)
