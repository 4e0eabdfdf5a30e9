local bed = require("support.mdns_bed")
local instances = require("mlxresolve.mdns.instance")

local NAME = "w._mlx._tcp.local."

describe("mlxresolve.mdns.instance", function()
  local link, told, one

  before_each(function()
    link, told = bed.new(), {}
    link.engine:open()
    one = instances.new(link.engine, NAME, "eth0", function(service)
      told[#told + 1] = service
    end, {})
  end)

  local function hear(records)
    link:deliver(bed.response(NAME, records))
    link.world:advance(20)
  end

  local function server(host, port)
    return { type = "SRV", data = ("0 0 %d %s"):format(port, host) }
  end

  it("tells once what comes in several packets", function()
    hear { server("mini2.local.", 1), { type = "TXT", data = '"a=1"' } }
    link:deliver(bed.response("mini2.local.", { { type = "A", data = "192.0.2.7" } }))
    link:deliver(bed.response("mini2.local.", { { type = "A", data = "192.0.2.8" } }))
    link.world:advance(20)
    assert.equal(1, #told)
    assert.same({ "192.0.2.7", "192.0.2.8" }, told[1].addresses)
  end)

  it("is silent when nothing of what it told has changed", function()
    local records = { server("mini2.local.", 1), { type = "TXT", data = '"a=1"' } }
    records[3] = { name = "mini2.local.", type = "A", data = "192.0.2.7" }
    hear(records)
    link.world:advance(3000)
    hear(records)
    assert.equal(1, #told)
  end)

  it("gives doubted addresses only when there is no other", function()
    local records = { server("mini2.local.", 1), { type = "TXT", data = '"a=1"' } }
    records[3] = { name = "mini2.local.", type = "A", data = "192.0.2.7" }
    records[4] = { name = "mini2.local.", type = "A", data = "192.0.2.8" }
    hear(records)
    link.engine:report_failure("mini2.local.", "192.0.2.7")
    link.world:advance(20)
    assert.same({ "192.0.2.8" }, told[2].addresses)
    link.engine:report_failure("mini2.local.", "192.0.2.8")
    link.world:advance(20)
    assert.equal(2, #told[3].addresses)
  end)

  it("ends all its watches", function()
    hear { server("mini2.local.", 1) }
    one:close()
    one:close()
    assert.equal(0, #link.engine.watches:of(NAME))
    assert.equal(0, #link.engine.watches:of("mini2.local."))
  end)

  it("refuses a name of no instance", function()
    assert.is_nil(instances.new(link.engine, "mini2.local.", "eth0", print, {}))
  end)
end)
