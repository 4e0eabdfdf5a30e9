local bed = require("support.mdns_bed")
local responder_bed = require("support.responder_bed")

describe("mlxresolve.mdns.responder.claims", function()
  local link

  before_each(function()
    link = responder_bed.new {
      links = { bed.interface { addresses = { bed.address("192.0.2.1", 24) } } },
    }
  end)

  local function service(instance, port)
    return { service = "_mlx._tcp", port = port or 7, instance = instance }
  end

  it("says goodbye to what is closed, and keeps what others still publish", function()
    link:publish(service("v"))
    local publication = link:settled(service("w"))
    publication:close()
    publication:close()
    link.world:advance(100)
    assert.same({
      "PTR _mlx._tcp.local. 0 w._mlx._tcp.local.",
      "SRV w._mlx._tcp.local. 0 0 0 7 here.local. !",
      'TXT w._mlx._tcp.local. 0 "" !',
    }, link:answers())
    link:mark()
    link:query { "A here.local." }
    assert.equal(1, #link:answers())
  end)

  it("gives the host's name back with the last that needs it", function()
    local one = link:publish(service("v"))
    local two = link:settled(service("w"))
    one:close()
    two:close()
    link.world:advance(200)
    link:mark()
    link:query { "A here.local." }
    link.world:advance(200)
    assert.same({}, link:answers())
  end)

  it("numbers instances that this machine itself has twice", function()
    link:publish(service("w", 1))
    local _, second = link:publish(service("w", 2)):names()
    local _, third = link:publish(service("w", 3)):names()
    assert.equal("w\\032\\0402\\041._mlx._tcp.local.", second)
    assert.equal("w\\032\\0403\\041._mlx._tcp.local.", third)
  end)

  it(
    "announces other data of a service without probing, when it is read again"
      .. " [RFC 6762 8.4: change]",
    function()
      local publication = link:settled(service("w", 1))
      publication:close()
      link:publish(service("w", 2))
      link.world:advance(20)
      assert.same({}, link:probes())
      assert.is_true(table.concat(link:answers(), "\n"):find("0 0 2 here.local. !", 1, true) ~= nil)
      link:mark()
      link.world:advance(20e3)
      link:mark()
      link:query { "SRV w._mlx._tcp.local." }
      assert.same({ "SRV w._mlx._tcp.local. 120 0 0 2 here.local. !" }, link:answers())
      link.engine:close()
    end
  )

  it(
    "says goodbye to a subtype that it has no longer [RFC 6762 8.4: change of shared data]",
    function()
      local spec = service("w")
      spec.subtypes = { "_gpu" }
      local publication = link:settled(spec)
      publication:close()
      link:publish(service("w"))
      assert.same(
        "PTR _gpu._sub._mlx._tcp.local. 0 w._mlx._tcp.local.",
        responder_bed.words(link:packets()[1].answers)[1]
      )
    end
  )

  it("points services at the name that their host has now", function()
    link:publish(service("w"))
    link:settled { host = "here" }
    link:hear { "A here.local. 120 192.0.2.9 !" }
    link.world:advance(10)
    link:hear { "A here.local. 120 192.0.2.9 !" }
    link.world:advance(10e3)
    link:mark()
    link:query { "SRV w._mlx._tcp.local." }
    assert.same({ "SRV w._mlx._tcp.local. 120 0 0 7 here-2.local. !" }, link:answers())
    assert.equal("A here-2.local. 120 192.0.2.1 !", link:answers("additionals")[1])
  end)

  it("refuses what cannot be published, and takes nothing", function()
    local publication, message, code = link.engine:publish { service = "mlx", port = 1 }
    assert.is_nil(publication)
    assert.matches("_mlx._tcp", message)
    assert.equal("EINVAL", code)
    link.world:advance(20e3)
    assert.same({}, link:packets())
  end)

  it("publishes the machine's host name when it is given none", function()
    link.world.name = "box.example.org"
    local publication = assert(link.engine:publish {})
    assert.equal("box.local.", (publication:names()))
  end)
end)
