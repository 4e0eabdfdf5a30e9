local shell = require("support.shell")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.simulate.packets", function()
  local ASK = '{ at = "2s", ask = "mini7.local", expect = "nothing" },'

  it("forbids multicast on an interface from its time on, until its end", function()
    -- with `verify` the name is known before anybody asks
    local policy = shell.read("examples/cluster.lua"):gsub('use%("verify"[^\n]*\n', "\n")
    local function texts(quiet)
      return sim_bed.texts(sim_bed.run(ASK .. quiet, { policy = policy }))
    end
    assert.equal(
      "multicast left on eth0, where it is forbidden",
      texts('{ at = "1s", quiet = "mini1/eth0" }')[1]
    )
    assert.same({}, texts('{ at = "1s", quiet = "mini1/eth0", till = "1.5s" }'))
  end)

  it("says in the timeline what was in a packet", function()
    local outcome = sim_bed.run('{ at = "2s", ask = "mini2.local" }', { with_timeline = true })
    local lines = {}
    for i, entry in ipairs(outcome.timeline) do
      lines[i] = entry.text
    end
    local text = table.concat(lines, "\n")
    assert.is_truthy(text:find("mini1 > 224.0.0.251 on desk: query A mini2.local.", 1, true), text)
    assert.is_truthy(text:find("response mini2.local. A 192.0.2.2 (120 s)", 1, true), text)
  end)
end)
