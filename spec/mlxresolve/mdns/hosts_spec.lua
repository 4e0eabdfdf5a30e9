local bed = require("support.mdns_bed")

local A = { type = "A", data = "192.0.2.7" }

describe("mlxresolve.mdns.hosts", function()
  local link

  before_each(function()
    link = bed.new()
    link:answer("mini2.local.", { A })
    link:ask("mini2.local.", "A")
    link.world:advance(200e3)
    link.world.on_send = nil
    link:sent()
  end)

  it("ask the last known host alone when multicast stays silent (RFC 6762 section 5.5)", function()
    function link.world.on_send(sent)
      if sent.to == "192.0.2.7:5353" then
        link:deliver(bed.response("mini2.local.", { A }), { to = "192.0.2.1", delay = 1 })
      end
    end
    local result = link:ask("mini2.local.", "A")
    link.world:settle()
    assert.same({ "192.0.2.7" }, result.data)
    assert.equal(251, result.ms)
  end)

  -- A host gave AAAA over IPv6 only, was asked there only, and its IPv4 address was denied.
  it("are asked over both families that they have answered over", function()
    link.engine.hosts:note("mini2.local.", "fe80::7%eth0", 2)
    link:ask("mini2.local.", "A")
    link.world:advance(300)
    local alone = {}
    for _, sent in ipairs(link.world.sent) do
      if not sent.to:find("ff02", 1, true) and not sent.to:find("^224") then
        alone[#alone + 1] = sent.to
      end
    end
    table.sort(alone)
    assert.same({ "192.0.2.7:5353", "[fe80::7%eth0]:5353" }, alone)
  end)

  it("do not ask a host on a link that is gone, or that is not meant", function()
    link.world.links = { bed.wifi() }
    link.world:network { { type = "link_removed", index = 2, name = "eth0" } }
    link:ask("mini2.local.", "A")
    link.world:settle()
    for _, message in ipairs(link:sent()) do
      assert.equal("224.0.0.251:5353", message.to)
    end
  end)

  it("remember a bounded number", function()
    for i = 1, 2000 do
      link.engine.hosts:note(("n%d.local."):format(i), "192.0.2.7", 2)
    end
    local count = 0
    for _ in pairs(link.engine.hosts.names) do
      count = count + 1
    end
    assert.is_true(count <= 512)
  end)
end)
