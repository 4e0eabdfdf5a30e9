local bed = require("support.mdns_bed")

describe("mlxresolve.mdns.publishing", function()
  it("makes a responder when something is published, and no sooner", function()
    local link = bed.new()
    assert.is_false(link.engine.responder)
    local publication = assert(link.engine:publish { host = "here" })
    assert.equal("here.local.", (publication:names()))
    assert.is_table(link.engine.responder)
  end)

  it("publishes nothing on a closed engine", function()
    local link = bed.new()
    link.engine:close()
    local publication, message, code = link.engine:publish { host = "here" }
    assert.is_nil(publication)
    assert.equal("the mDNS engine is closed", message)
    assert.equal("ECLOSED", code)
  end)

  it("tells why when port 5353 cannot be had", function()
    local link = bed.new()
    function link.world.refuse_udp(socket)
      return socket.bind:find(":5353$") and "EACCES" or nil
    end
    local publication, message, code = link.engine:publish { host = "here" }
    assert.is_nil(publication)
    assert.matches("^nothing can be published without port 5353: ", message)
    assert.equal("EACCES", code)
  end)

  it("does as if where nothing may be published", function()
    local link = bed.new()
    link.engine.is_private = true
    local publication = assert(link.engine:publish { host = "here" })
    publication:close()
    assert.is_nil(publication:names())
    assert.is_false(link.engine.sockets)
  end)
end)
