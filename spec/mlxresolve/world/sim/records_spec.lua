local kinds = require("mlxresolve.world.sim.kinds")
local records = require("mlxresolve.world.sim.records")
local sim_bed = require("support.sim_bed")

local ALL = { A = true, AAAA = true }

describe("mlxresolve.world.sim.records", function()
  local bed

  before_each(function()
    bed = sim_bed.new()
  end)

  local function of(kind, transport, wants, ttl)
    local mine = records.new(kinds[kind], "mini2", { ttl = ttl })
    local list, denial = mine:of(bed.en0, transport, wants)
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
    local list = records.new(kinds.avahi, "mini2"):goodbye(bed.en0.addresses)
    assert.same({ 0, 0 }, { list[1].ttl, list[2].ttl })
    assert.is_true(list[1].cache_flush)
  end)

  describe("of services", function()
    local mine

    before_each(function()
      mine = records.new(kinds.avahi, "mini2", {
        services = { { type = "_mlx._tcp", port = 50051, txt = { b = "2", a = "1" } } },
      })
    end)

    local function ask(type, name)
      local found = mine:answer(bed.en0, "ipv4", { { name = name, type = type } })
      local function texts(list)
        local lines = {}
        for i, one in ipairs(list) do
          lines[i] = ("%s %s %s"):format(one.name, one.type, one.data)
        end
        return lines
      end
      return found and texts(found.answers), found and texts(found.additionals), found
    end

    it("are found by their type, with what follows in the same packet", function()
      local answers, more, found = ask("PTR", "_mlx._tcp.local.")
      assert.same({ "_mlx._tcp.local. PTR mini2._mlx._tcp.local." }, answers)
      assert.same({
        "mini2._mlx._tcp.local. SRV 0 0 50051 mini2.local.",
        'mini2._mlx._tcp.local. TXT "a=1" "b=2"',
        "mini2.local. A 192.0.2.2",
        "mini2.local. AAAA fe80::2:2",
      }, more)
      assert.is_true(found.is_shared)
      assert.is_nil(found.answers[1].cache_flush)
      answers = ask("PTR", "_services._dns-sd._udp.local.")
      assert.same({ "_services._dns-sd._udp.local. PTR _mlx._tcp.local." }, answers)
    end)

    it("say where they are, by SRV and TXT", function()
      local answers, more = ask("ANY", "mini2._mlx._tcp.local.")
      assert.equal(2, #answers)
      assert.equal(2, #more)
      assert.equal(1, #(ask("TXT", "mini2._mlx._tcp.local.")))
      assert.is_falsy(ask("PTR", "_ssh._tcp.local."))
    end)

    it("follow the host when it is called otherwise", function()
      mine:rename("mini2-2")
      local answers = ask("SRV", "mini2-2._mlx._tcp.local.")
      assert.same({ "mini2-2._mlx._tcp.local. SRV 0 0 50051 mini2-2.local." }, answers)
      assert.equal(3, #mine:of_services())
    end)
  end)
end)
