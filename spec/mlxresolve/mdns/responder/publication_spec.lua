local responder_bed = require("support.responder_bed")

describe("mlxresolve.mdns.responder.publication", function()
  local link

  before_each(function()
    link = responder_bed.new()
  end)

  it("tells the names as they are now", function()
    local publication = link:publish { service = "_mlx._tcp", port = 1 }
    assert.same({ "here.local.", "here._mlx._tcp.local." }, { publication:names() })
    link.world:advance(300)
    link:hear { "A here.local. 120 192.0.2.99 !" }
    assert.same({ "here-2.local.", "here._mlx._tcp.local." }, { publication:names() })
    assert.same({ "here-2.local." }, { link:publish():names() })
  end)

  it("is closed once, however often", function()
    local one = link:publish()
    local two = link:settled()
    one:close()
    one:close()
    link.world:advance(1000)
    link:query { "A here.local." }
    assert.equal(1, #link:answers())
    two:close()
    link.world:advance(1000)
    link:mark()
    link:query { "A here.local." }
    link.world:advance(1000)
    assert.same({}, link:answers())
  end)
end)
