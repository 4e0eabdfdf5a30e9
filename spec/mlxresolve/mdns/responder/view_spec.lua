local responder_bed = require("support.responder_bed")

describe("mlxresolve.mdns.responder.view", function()
  local link, view

  before_each(function()
    link = responder_bed.new()
    link:settled { service = "_mlx._tcp", port = 1, instance = "w" }
    view = link.engine.responder.views[2]
  end)

  it("keeps a record's identity when records are made anew", function()
    local before = view.names["here.local."].records[1]
    assert.same({}, view:rebuild())
    assert.equal(before, view.names["here.local."].records[1])
    assert.is_true(view:is_live(before))
  end)

  it("tells which records may not be said any longer", function()
    view.link.addresses = { "192.0.2.77" }
    local gone = {}
    for i, one in ipairs(view:rebuild()) do
      gone[i] = one.type .. " " .. one.data
    end
    table.sort(gone)
    assert.same({
      "A 192.0.2.1",
      "AAAA fe80::1",
      "PTR here.local.",
      "PTR here.local.",
    }, gone)
  end)

  it("says what several claims share once", function()
    link:settled { service = "_mlx._tcp", port = 2, instance = "v" }
    assert.equal(1, #view.names["_services._dns-sd._udp.local."].records)
    assert.equal(2, #view.names["_mlx._tcp.local."].records)
  end)

  it("may say nothing of a name that is still probed for", function()
    link:publish { service = "_x._tcp", port = 2, instance = "v" }
    assert.is_nil(view.names["v._x._tcp.local."])
    assert.is_not_nil(view.owned["v._x._tcp.local."])
    link.world:advance(1100)
    assert.is_not_nil(view.names["v._x._tcp.local."])
  end)
end)
