local fake = require("support.fake")
local policies = require("support.policies")

local function status(options, name, type)
  local block = fake.instance("block", options)
  local answer = block:resolve(fake.query(name, type))
  return answer and answer.status, answer and answer.data
end

describe("plugins.block", function()
  it("denies a zone and all below it", function()
    local options = '{ zones = { "ads.example" } }'
    assert.equal("nxdomain", (status(options, "ads.example")))
    assert.equal("nxdomain", (status(options, "x.Ads.Example", "SRV")))
    assert.is_nil((status(options, "notads.example")))
    assert.is_nil((status(options, "example")))
  end)

  it("denies only the names themselves when they are exact", function()
    local options = '{ zones = { "ads.example" }, exact = true }'
    assert.equal("nxdomain", (status(options, "ads.example")))
    assert.is_nil((status(options, "x.ads.example")))
  end)

  it("says NODATA when told to", function()
    assert.equal("nodata", (status('{ zones = { "x" }, answer = "nodata" }', "x")))
  end)

  it("answers with addresses, and NODATA for the family without", function()
    local options = '{ zones = { "x" }, answer = { "192.0.2.1", "192.0.2.2" } }'
    local _, data = status(options, "x")
    assert.same({ "192.0.2.1", "192.0.2.2" }, data)
    assert.equal("nodata", (status(options, "x", "AAAA")))
  end)

  it("wants zones: it would block everything without", function()
    local file = assert(io.open("plugins/block.lua"))
    local files = { ["/plugins/block.lua"] = file:read("*a") }
    file:close()
    local list = policies.mistakes('return mlx.policy { strategies = { use("block") } }', files)
    assert.equal(1, #list)
    assert.matches("block: 'zones' is missing", list[1])
  end)
end)
