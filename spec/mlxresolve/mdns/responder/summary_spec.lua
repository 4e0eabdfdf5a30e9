local responder_bed = require("support.responder_bed")

describe("mlxresolve.mdns.responder.summary", function()
  local link

  before_each(function()
    link = responder_bed.new()
  end)

  it("tells how far each name has come", function()
    assert.same({}, link.engine:published())
    link:publish { service = "_mlx._tcp", port = 7 }
    local list = link.engine:published()
    assert.same({
      name = "here.local.",
      wanted = false,
      service = false,
      port = false,
      state = "probing",
      links = { { interface = "eth0", state = "probing" } },
    }, list[1])
    assert.same({ "here._mlx._tcp.local.", "_mlx._tcp", 7 }, {
      list[2].name,
      list[2].service,
      list[2].port,
    })
    link.world:advance(1200)
    assert.equal("announcing", link.engine:published()[1].state)
    link.world:advance(5000)
    list = link.engine:published()
    assert.same({ "announced", "announced" }, { list[1].state, list[2].state })
  end)

  it("tells the name that was meant when it is another's", function()
    link:publish()
    link.world:advance(300)
    link:hear { "A here.local. 120 192.0.2.99 !" }
    local one = link.engine:published()[1]
    assert.equal("here-2.local.", one.name)
    assert.equal("here.local.", one.wanted)
  end)

  it("leaves out what is taken back", function()
    local publication = link:publish()
    link.world:advance(5000)
    publication:close()
    link.world:advance(100)
    assert.same({}, link.engine:published())
  end)
end)
