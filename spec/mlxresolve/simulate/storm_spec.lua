local storms = require("mlxresolve.simulate.storm")

describe("mlxresolve.simulate.storm", function()
  local told, storm

  before_each(function()
    told = {}
    storm = storms.new(3, function(host, count)
      told[#told + 1] = host .. " " .. count
    end)
  end)

  it("allows so many packets in any second", function()
    for _, at in ipairs { 0, 500, 999, 1000, 1500, 1999, 2000 } do
      storm:count("mini1", at)
    end
    assert.same({}, told)
    assert.equal(7, storm.sum)
  end)

  it("tells once of a host that sends more", function()
    for at = 1, 10 do
      storm:count("mini1", at)
      storm:count("mini2", at * 400)
    end
    assert.same({ "mini1 4" }, told)
  end)
end)
