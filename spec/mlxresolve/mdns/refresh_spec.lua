local refresh = require("mlxresolve.mdns.refresh")

local function middle()
  return 0.5
end

local function track(fields)
  local record = { type = "A", added = 0, life = 100e3, interface = 2, source = "192.0.2.7" }
  for key, value in pairs(fields or {}) do
    record[key] = value
  end
  local tracked = { record = record, plan = {} }
  refresh.plan(tracked, middle)
  return tracked
end

describe("mlxresolve.mdns.refresh", function()
  it("asks the host at 75 %, all at 80, 85, 90 and 95 %, then no more", function()
    local tracked = track()
    local steps = {}
    while tracked.plan.at < math.huge do
      local at = tracked.plan.at
      assert.is_nil(refresh.due({ tracked }, at - 1, middle))
      local due = refresh.due({ tracked }, at, middle)
      steps[#steps + 1] = at .. (due.types.A and " all" or due.hosts["192.0.2.7"] and " host")
    end
    assert.same({ "76000 host", "81000 all", "86000 all", "91000 all", "96000 all" }, steps)
  end)

  it("begins anew when the record is said again", function()
    local tracked = track()
    refresh.due({ tracked }, 76e3, middle)
    tracked.record.added = 77e3
    refresh.plan(tracked, middle)
    assert.equal(77e3 + 76e3, tracked.plan.at)
  end)

  it("keeps a plan that is under way", function()
    local tracked = track()
    refresh.due({ tracked }, 76e3, middle)
    refresh.plan(tracked, middle)
    assert.equal(81e3, tracked.plan.at)
  end)

  it("serves all records of a set with one question", function()
    local one, two = track(), track()
    two.plan.at = one.plan.at + 500
    refresh.due({ one, two }, one.plan.at, middle)
    assert.equal(81e3, two.plan.at)
  end)

  it("leaves alone what is not due for long", function()
    local one, two = track(), track { added = 50e3 }
    refresh.due({ one, two }, one.plan.at, middle)
    assert.equal(126e3, two.plan.at)
  end)

  it("does not ask for what its host took back", function()
    assert.is_nil(refresh.due({ track { is_doomed = true } }, 99e3, middle))
  end)
end)
