local records = require("mlxresolve.world.sim.records")
local sim_bed = require("support.sim_bed")

local ALL = { A = true, AAAA = true }

describe("mlxresolve.world.sim.records", function()
  local bed

  before_each(function()
    bed = sim_bed.new()
  end)

  local function of(kind, transport, wants, ttl)
    local list, denial = records.new(bed.mini2, kind, ttl):of(bed.en0, transport, wants)
    local texts = {}
    for i, one in ipairs(list) do
      texts[i] = ("%s %s %s %d"):format(one.name, one.type, one.data, one.ttl)
    end
    return texts, denial and denial.data
  end

  it("gives IPv4 addresses over IPv4 only, if it is avahi", function()
    assert.same({ "mini2.local. A 192.0.2.2 120" }, (of("avahi", "ipv4", { A = true })))
    assert.same({ "mini2.local. AAAA fe80::2:2 120" }, (of("avahi", "ipv6", ALL)))
  end)

  it("gives both families over both, for 75 minutes, if it is Apple's", function()
    local both = { "mini2.local. A 192.0.2.2 4500", "mini2.local. AAAA fe80::2:2 4500" }
    assert.same(both, (of("apple", "ipv4", ALL)))
    assert.same(both, (of("apple", "ipv6", ALL)))
    assert.same({ "mini2.local. A 192.0.2.2 7" }, (of("apple", "ipv4", { A = true }, 7)))
  end)

  it("denies what is wanted and not there, if it is Apple's", function()
    table.remove(bed.en0.addresses)
    assert.equal("mini2.local. A", select(2, of("apple", "ipv4", ALL)))
    assert.is_falsy(select(2, of("apple", "ipv4", { A = true })))
    assert.is_falsy(select(2, of("avahi", "ipv4", ALL)))
  end)

  it("ends records with a time to live of nothing", function()
    local list = records.new(bed.mini2, "avahi"):goodbye(bed.en0.addresses)
    assert.same({ 0, 0 }, { list[1].ttl, list[2].ttl })
    assert.is_true(list[1].cache_flush)
  end)
end)
