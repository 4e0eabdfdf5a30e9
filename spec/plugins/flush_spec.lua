local fake = require("support.fake")

local function change(fields)
  local all = { lost = {}, gained = {}, changed = {}, routes = false, resynced = false }
  all.indexes = { eth0 = 2, wlan0 = 3, eth1 = 4, eth9 = 9 }
  for name, value in pairs(fields) do
    all[name] = value
  end
  return all
end

local function flushed(options, fields)
  local flush, context, world = fake.instance("flush", options)
  world.links = { { name = "eth0", index = 2 }, { name = "wlan0", index = 3 } }
  flush:network_changed(change(fields), context)
  table.sort(context.flushed, function(a, b)
    return (a.interface or 0) < (b.interface or 0)
  end)
  return context.flushed
end

describe("plugins.flush", function()
  it("drops what was learnt over interfaces that went, came or changed", function()
    assert.same(
      { { interface = 2 }, { interface = 3 }, { interface = 4 } },
      flushed("{}", { lost = { "eth0" }, gained = { "eth1" }, changed = { "wlan0", "eth0" } })
    )
  end)

  it("drops nothing when no interface is concerned", function()
    assert.same({}, flushed("{}", { routes = true }))
  end)

  it("drops what any interface said when events were lost", function()
    assert.same(
      { { interface = 2 }, { interface = 3 }, { interface = 9 } },
      flushed("{}", { resynced = true, lost = { "eth9" } })
    )
  end)

  it("drops everything on a new default route when told to", function()
    assert.same({ {} }, flushed("{ routes = true }", { routes = true, lost = { "eth0" } }))
  end)
end)
