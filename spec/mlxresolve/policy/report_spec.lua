local report = require("mlxresolve.policy.report")
local unit = require("mlxresolve.policy.unit")

local source = unit.new("p.lua", 'local é = { tiemout = "1s" }\n\tx = 2')

local function mistake(line, column, length, text)
  return report.mistake({ unit = source, line = line, column = column, length = length }, text)
end

describe("mlxresolve.policy.report", function()
  it("shows the place, the line and a caret under the word", function()
    assert.equal(
      [[
p.lua:1:14: error: unknown option 'tiemout'
     1 | local é = { tiemout = "1s" }
       |             ^~~~~~~
1 error]],
      report.format { mistake(1, 14, 7, "unknown option 'tiemout'") }
    )
  end)

  it("keeps tabs, so that the caret stands right", function()
    assert.matches("\n       | \t^\n", report.format { mistake(2, 2, 1, "no") })
  end)

  it("sorts by place and drops repetitions", function()
    local list = report.sort {
      mistake(2, 2, 1, "b"),
      mistake(1, 14, 7, "a"),
      mistake(2, 2, 1, "b"),
      mistake(1, 7, 1, "c"),
    }
    assert.equal(3, #list)
    assert.equal("c", list[1].text)
    assert.equal("a", list[2].text)
    assert.matches("3 errors$", tostring(list))
  end)

  it("shows what it can when the place is not known", function()
    assert.equal(
      "p.lua: error: x\nq.lua:3: error: y\n2 errors",
      tostring(report.sort {
        report.mistake({ file = "q.lua", line = 3 }, "y"),
        report.mistake({ file = "p.lua" }, "x"),
      })
    )
  end)
end)
